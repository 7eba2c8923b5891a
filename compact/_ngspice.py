from ._export import B_RATE, BROWN, card, INSTANCE, rate_polynomials
from ._switching_junction import SwitchingJunction


_SUBCIRCUIT = """\
* Magnetic tunnel junction, written by mtjax. Terminals p (free layer side), n; node s
* carries cos(theta). A positive voltage drives from parallel to antiparallel. Switching
* fires when the hazard on hp (ha) passes -ln(u_p) (-ln(u_ap)).
{globals}
.func {name}_y(z) {{max(min(z,1),-1)}}
.func {name}_h(k,d) {{(1-k*k)*(1-k)*exp(-d*(k*k-2*k))}}
* escape rate r, in units of the relaxation rate, at overdrive i and stability d
.subckt {name}_escape i d r
Bw w 0 V=sqrt(max(V(d),1))
Be e 0 V=(max(V(i),0)-1)*V(w)
Ba a 0 V=0.5*(sqrt(V(e)*V(e)+{b}*{b})-V(e))
Bz z 0 V=V(e)/sqrt(V(e)*V(e)+{b}*{b})
Bh h 0 V={name}_h(max(min(V(i),0),-1),max(V(d),1))
Bx x 0 V={first}
Bf f 0 V={second}
Bn n 0 V=(1-{name}_y(V(z))^2)*{near}
Bo o 0 V={one}
Bt t 0 V={two}
Br r 0 V=V(h)*exp(-V(a)*V(a))*(sqrt(V(e)*V(e)+{b}*{b})+V(e)
+ +V(a)*({brown}*V(a)*(1-V(z))+V(x)))/V(w)*(1+V(a)*V(f)/V(w))
+ *(1+V(n)+V(a)/V(w)*(V(o)+V(a)/V(w)*V(t)))
.ends {name}_escape
.subckt {name} p n s
{parameters}
.func {name}_c(y) {{max(min(y,1),0)}}
.func {name}_in(y) {{{name}_c(y)*{name}_c(y)*(3-2*{name}_c(y))}}
* temperature laws, one node each
Bt t 0 V=temper+273.15
Bpol pol 0 V=tmr/(2+tmr)*((1-bloch*pow(V(t),1.5))/(1-bloch*pow(reference_junction,1.5)))^2
Bgrow grow 0 V={growth}
Bm m 0 V=(1-pow((temper+273.15)/curie,1.5))/(1-pow(reference_magnet/curie,1.5))
Bk k 0 V=((1-pow((temper+273.15)/curie,1.5))
+ /(1-pow(reference_magnet/curie,1.5)))^anisotropy_exponent
Bh h 0 V=max(1-vcma*V(p,n),0.05)
Bd d 0 V=V(h)*stability*exp(gl_stability+dev_stability)
+ *V(k)*reference_magnet/(temper+273.15)
* junction
Btmr tmrv 0 V=2*V(pol)/(1-V(pol))/(1+(V(p,n)/(V(p,n)>0?half_positive:half_negative))^2)
Bj p n I=V(p,n)*V(grow)*(0.5*(1+V(s))+0.5*(1-V(s))/(1+V(tmrv)))
+ /(parallel*exp(gl_resistance+dev_resistance))
* rates [1/s], in volts
Bip ip 0 V=(V(p,n)/(critical_from_p*exp(gl_critical+dev_critical)*V(k))
+ -stray*V(m)/V(k))/V(h)
Bia ia 0 V=(-V(p,n)/(critical_from_ap*exp(gl_critical+dev_critical)*V(k))
+ +stray*V(m)/V(k))/V(h)
Xp ip d ep {name}_escape
Xa ia d ea {name}_escape
Brp rp 0 V=relaxation*V(h)*V(k)/V(m)*V(ep)
Bra ra 0 V=relaxation*V(h)*V(k)/V(m)*V(ea)
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

    The same model as `verilog_a`. Instance parameters: `state0`, `u_p`, `u_ap`, mismatch
    (`mc_resistance`, ...), to which the card of `corners` may add what it draws. Run
    transients with `uic`, and reset the internal state by `state0`.

    **Arguments:**

    - `model`: Junction, switching and temperature law.
    - `name`: Name of the subcircuit.
    """
    rows = {key: value for key, (value, _) in card(model).items()}
    rows |= {key: value for key, value, _ in INSTANCE}
    deviations = ("resistance", "critical", "stability")
    told = {f"gl_{n}": f"{{{name}_gl_{n}}}" for n in deviations}
    lines = [f"+ {key}={told.get(key, repr(value))}" for key, value in rows.items()]
    lines += [
        f".param dev_{n}={{mc_{n}+{name}_local_{n}*agauss(0,1,1)}}" for n in deviations
    ]
    globals = [
        f".param {name}_{kind}_{n}=0" for kind in ("gl", "local") for n in deviations
    ]
    growth = "1"
    if rows["smearing"] > 0:
        growth = (
            "V(t)/sin(smearing*V(t))*sin(smearing*reference_junction)/reference_junction"
        )
    text = _SUBCIRCUIT.format(
        name=name,
        globals="\n".join(globals),
        parameters="\n".join(lines),
        b=B_RATE,
        brown=BROWN,
        **rate_polynomials(f"{name}_y(V(z))"),
        growth=growth,
    )
    return text
