from ._export import B_RATE, BROWN, card, INSTANCE, rate_polynomials
from ._switching_junction import SwitchingJunction


_SUBCIRCUIT = """\
* Magnetic tunnel junction, written by mtjax. Terminals p (free layer side), n; node s
* carries cos(theta). A positive voltage drives from parallel to antiparallel. Switching
* fires when the hazard on hp (ha) passes -ln(u_p) (-ln(u_ap)).
.subckt {name} p n s
{parameters}
.func {name}_q(e) {{sqrt(e*e+{b}*{b})}}
.func {name}_a(e) {{0.5*({name}_q(e)-e)}}
.func {name}_z(e) {{e/{name}_q(e)}}
.func {name}_p(z) {{{first}}}
.func {name}_f(z) {{{second}}}
.func {name}_k(i) {{max(min(i,0),-1)}}
.func {name}_h(k,d) {{(1-k*k)*(1-k)*exp(-d*(k*k-2*k))}}
.func {name}_u(a,z,e) {{exp(-a*a)*({name}_q(e)+e+a*({brown}*a*(1-z)+{name}_p(z)))}}
.func {name}_w(e,d) {{{name}_u({name}_a(e),{name}_z(e),e)/sqrt(d)
+ *(1+{name}_a(e)*{name}_f({name}_z(e))/sqrt(d))}}
.func {name}_r(i,d) {{{name}_h({name}_k(i),d)*{name}_w((max(i,0)-1)*sqrt(d),d)}}
.func {name}_c(y) {{max(min(y,1),0)}}
.func {name}_in(y) {{{name}_c(y)*{name}_c(y)*(3-2*{name}_c(y))}}
* temperature laws, one node each
Bt t 0 V=temper+273.15
Bpol pol 0 V=tmr/(2+tmr)*((1-bloch*pow(V(t),1.5))/(1-bloch*pow(reference_junction,1.5)))^2
Bgrow grow 0 V={growth}
Bm m 0 V=(1-(V(t)/curie)^1.5)/(1-(reference_magnet/curie)^1.5)
Bk k 0 V=V(m)^anisotropy_exponent
Bd d 0 V=stability*exp(mc_stability)*V(k)*reference_magnet/V(t)
* junction
Btmr tmrv 0 V=2*V(pol)/(1-V(pol))/(1+(V(p,n)/(V(p,n)>0?half_positive:half_negative))^2)
Bj p n I=V(p,n)*V(grow)*(0.5*(1+V(s))+0.5*(1-V(s))/(1+V(tmrv)))
+ /(parallel*exp(mc_resistance))
* rates [1/s], in volts
Bip ip 0 V=V(p,n)/(critical_from_p*exp(mc_critical)*V(k))-stray*V(m)/V(k)
Bia ia 0 V=-V(p,n)/(critical_from_ap*exp(mc_critical)*V(k))+stray*V(m)/V(k)
Brp rp 0 V=relaxation*V(k)/V(m)*{name}_r(V(ip),V(d))
Bra ra 0 V=relaxation*V(k)/V(m)*{name}_r(V(ia),V(d))
* hazards
Chp hp 0 1n ic=0
Bhp 0 hp I=1n*({name}_in(V(s)+0.5)*V(rp)-{name}_in(-2.5*V(s)-1.25)*V(hp)/snap)
Cha ha 0 1n ic=0
Bha 0 ha I=1n*((1-{name}_in(V(s)+0.5))*V(ra)-{name}_in(2.5*V(s)-1.25)*V(ha)/snap)
Bfp fp 0 V=0.5*(1+tanh((V(hp)+ln(u_p))/1e-4))
Bfa fa 0 V=0.5*(1+tanh((V(ha)+ln(u_ap))/1e-4))
* state: double well, tilted by what has fired
Cs s 0 1n ic={{state0}}
Bw w 0 V={name}_in(V(s)+0.5)
Bs 0 s I=1n*(V(s)-V(s)*V(s)*V(s)-2*V(fp)*V(w)+2*V(fa)*(1-V(w)))/snap
.ends {name}
"""


def ngspice(model: SwitchingJunction, *, name: str = "mtj") -> str:
    """The model as an ngspice subcircuit: I(V, state, T), and switching as a hazard.

    The same model as `verilog_a`. Instance parameters: `state0`, `u_p`, `u_ap`, mismatch.
    Run transients with `uic`, and reset the internal state by `state0`.

    **Arguments:**

    - `model`: Junction, switching and temperature law.
    - `name`: Name of the subcircuit.
    """
    rows = {key: value for key, (value, _) in card(model).items()}
    rows |= {key: value for key, value, _ in INSTANCE}
    lines = [f"+ {key}={value!r}" for key, value in rows.items()]
    first, second = rate_polynomials("z")
    growth = "1"
    if rows["smearing"] > 0:
        growth = (
            "V(t)/sin(smearing*V(t))*sin(smearing*reference_junction)/reference_junction"
        )
    text = _SUBCIRCUIT.format(
        name=name,
        parameters="\n".join(lines),
        b=B_RATE,
        brown=BROWN,
        first=first,
        second=second,
        growth=growth,
    )
    return text
