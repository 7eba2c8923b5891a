import math

from ..data import Quantity
from ._export import B_RATE, BROWN, card, INSTANCE, rate_polynomials
from ._switching_junction import SwitchingJunction


_MODULE = """\
// Magnetic tunnel junction, written by mtjax. Terminals: p (free layer side), n.
// A positive voltage drives from parallel to antiparallel. Switching is a hazard integrated
// on the internal nodes hp, ha; it fires when it passes -ln(u). No random function is used:
// give each instance its own u_p, u_ap in (0, 1). Node s is cos(theta), with two stable
// points; a reversal takes a few times `snap`, and resets the hazard.
`include "disciplines.vams"

module {name}(p, n);
  inout p, n;
  electrical p, n, s, hp, ha;

{parameters}

  real v, x, t, pol2, fall, half, tmr_v, growth, ratio, magnet, aniso;
  real share, delta, vp, va, relax, field, in_p, in_ap, rate_p, rate_ap, fire_p, fire_ap;

  analog function real escape;
    input i, d;
    real i, d, k, j, e, q, away, z, sq;
    begin
      k = max(min(i, 0.0), -1.0);
      j = max(i, 0.0);
      sq = sqrt(d);
      e = (j - 1.0) * sq;
      q = sqrt(e * e + {b} * {b});
      away = 0.5 * (q - e);
      z = e / q;
      escape = (1.0 - k * k) * (1.0 - k) * exp(-d * (k * k - 2.0 * k))
        * exp(-away * away) * (q + e + away * ({brown} * away * (1.0 - z)
        + {first})) / sq
        * (1.0 + away * {second} / sq);
      escape = escape * (1.0 + (1.0 - z * z) * {near}
        + away / sq * ({one} + away / sq * {two}));
    end
  endfunction

  analog function real step;
    input y;
    real y, w;
    begin
      w = max(min(y, 1.0), 0.0);
      step = w * w * (3.0 - 2.0 * w);
    end
  endfunction

  analog begin
    v = V(p, n);
    x = V(s);
    t = $temperature;

    // junction
    pol2 = tmr / (2.0 + tmr);
    fall = (1.0 - bloch * pow(t, 1.5)) / (1.0 - bloch * pow(reference_junction, 1.5));
    pol2 = pol2 * fall * fall;
    half = v > 0.0 ? half_positive : half_negative;
    tmr_v = 2.0 * pol2 / (1.0 - pol2) / (1.0 + v * v / (half * half));
    growth = 1.0;
    if (smearing > 0.0)
      growth = t / sin(smearing * t) * sin(smearing * reference_junction)
        / reference_junction;
    ratio = 0.5 * (1.0 + x) + 0.5 * (1.0 - x) / (1.0 + tmr_v);
    I(p, n) <+ v * growth * ratio / (parallel * exp(gl_resistance + mc_resistance));

    // rates at this temperature
    magnet = (1.0 - pow(t / curie, 1.5)) / (1.0 - pow(reference_magnet / curie, 1.5));
    aniso = pow(magnet, anisotropy_exponent);
    share = max(1.0 - vcma * v, 0.05);
    delta = stability * exp(gl_stability + mc_stability) * aniso * reference_magnet / t
      * share;
    vp = critical_from_p * exp(gl_critical + mc_critical) * aniso;
    va = critical_from_ap * exp(gl_critical + mc_critical) * aniso;
    relax = relaxation * aniso / magnet * share;
    field = stray * magnet / aniso;
    rate_p = relax * escape((v / vp - field) / share, delta);
    rate_ap = relax * escape((field - v / va) / share, delta);

    // hazards: 1 nF for a rate in 1/s, so that currents stay near 1 A; a hazard is reset
    // once its reversal is past the way back
    in_p = step(x + 0.5);
    in_ap = 1.0 - in_p;
    I(hp) <+ 1e-9 * (ddt(V(hp)) - in_p * rate_p + step(-2.5 * x - 1.25) * V(hp) / snap);
    I(ha) <+ 1e-9 * (ddt(V(ha)) - in_ap * rate_ap + step(2.5 * x - 1.25) * V(ha) / snap);
    fire_p = 0.5 * (1.0 + tanh((V(hp) + ln(u_p)) / 1e-4));
    fire_ap = 0.5 * (1.0 + tanh((V(ha) + ln(u_ap)) / 1e-4));

    // state: double well, tilted by what has fired
    I(s) <+ 1e-9 * (ddt(V(s)) - (x - x * x * x - 2.0 * fire_p * in_p
      + 2.0 * fire_ap * in_ap) / snap);
  end
endmodule
"""


def verilog_a(model: SwitchingJunction, *, name: str = "mtj") -> str:
    """The model as a Verilog-A module: I(V, state, T), and switching as a hazard.

    Values and ranges of the parameters are those of the model's quantities. Survival of a
    state at a steady voltage is exp(-rate t): above threshold, where the true survival
    has a delay before it decays (`MacrospinSwitching.write_error`), that is pessimistic
    for long pulses and optimistic for short ones.

    **Arguments:**

    - `model`: Junction, switching and temperature law.
    - `name`: Name of the module.

    **Returns:** the source text. The state starts at node `s`: give it an initial
    condition (`ic`) of 1 or -1.
    """
    lines = [
        f"  parameter real {key} = {value!r} {_range(known)}; // [{known.unit}] {known.doc}"
        for key, (value, known) in card(model).items()
    ]
    lines += [
        f"  parameter real {key} = {value!r}; // {doc}"
        for key, value, doc in INSTANCE
        if key != "state0"
    ]
    return _MODULE.format(
        name=name,
        parameters="\n".join(lines),
        b=B_RATE,
        brown=BROWN,
        **rate_polynomials("z"),
    )


def _range(known: Quantity) -> str:
    low, high = known.infimum, known.supremum
    left = "(" if known.lower is None or math.isinf(low) else "["
    right = ")" if known.upper is None or math.isinf(high) else "]"
    number = lambda x: ("-inf" if x < 0 else "inf") if math.isinf(x) else repr(float(x))
    return f"from {left}{number(low)}:{number(high)}{right}"
