"use strict";
// Training seen from inside.
//   "training.film"        {films: [{label, kind, tokens, steps, pictures (F, N, C), pooled, seconds, diagonality?, aligned?}],
//                           losses: {label: {term: {train|validation: {steps, values}}}}}    a film with its losses on one axis of steps
//   "training.helps"       {runs: [{label, aids: [{key, values}]}]}
//   "training.guided"      {sigmas, penalties (S, N, C), attention (N, C), every, paid (S, 3), names, tokens, run}
//   "training.prior"       {strengths, priors (S, N, C), tokens, every, frame}
//   "training.supervised"  {target (N, S), attention (N, S'), tokens, giver, run}
(() => {
  const GRID = "display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:.4rem 1.2rem";
  const picture = (values, i) => { const [, R, C] = values.shape; return { shape: [R, C], data: values.data.subarray(i * R * C, (i + 1) * R * C) }; };
  const frames = (ui, every) => (every > 1 ? ui.say("film_every", { every }) : "frame");
  const titled = (ui, words) => { const box = ui.el("div", { style: "min-width:0" }, ui.el("p", { style: "margin:.2rem 0" }, ui.el("strong", {}, words))); return box; };

  // Lines and points over steps. Steps stand at log(1 + step), as the film's frames do; the cursor can be moved.
  const overSteps = ({ ui, series, host, label, ylabel, height = 210, last, low, high, logarithmic }) => {
    const wide = ui.width(host), left = 56, bottom = 40, top = 8, right = 10;
    const flat = x => (logarithmic ? Math.log10(x) : x), all = series.flatMap(s => s.y).filter(Number.isFinite).map(flat);
    let [least, most] = [low ?? Math.min(...all), high ?? Math.max(...all)];
    if (!(most > least)) { least -= 0.5; most += 0.5; }
    const sx = (place => step => place(Math.log10(1 + step)))(ui.scale(0, Math.log10(1 + last), left, wide - right)), sy = ui.scale(least, most, height - bottom, top);
    const svg = ui.svg("svg", { width: wide, height, role: "img", "aria-label": label });
    let ticks = ui.ticks(least, most).found.map(t => [t, ui.number(t, ui.ticks(least, most).digits)]);
    if (logarithmic) {
      const tens = []; for (let k = Math.floor(least); k <= Math.ceil(most); k++) for (const m of most - least > 2 ? [1] : [1, 2, 5]) tens.push(m * 10 ** k);
      const within = tens.filter(t => flat(t) >= least - 1e-9 && flat(t) <= most + 1e-9);
      if (within.length > 1) ticks = within.map(t => [flat(t), ui.number(t, Math.max(0, -Math.floor(Math.log10(t) + 1e-9)))]);
      else ticks = ticks.map(([t]) => [t, ui.number(10 ** t, 2)]);
    }
    for (const [t, words] of ticks) svg.append(ui.svg("line", { class: "axis", x1: left, x2: wide - right, y1: sy(t), y2: sy(t) }), ui.svg("text", { class: "soft", x: left - 6, y: sy(t) + 4, "text-anchor": "end" }, words));
    const marks = [0, 1, 3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6].filter(t => t < last), shown = [last];
    for (const t of marks.reverse()) if (sx(shown[shown.length - 1]) - sx(t) > 44) shown.push(t);
    for (const t of shown) svg.append(ui.svg("text", { class: "soft", x: sx(t), y: height - bottom + 16, "text-anchor": t === last ? "end" : "middle" }, ui.number(t, 0)));
    svg.append(ui.svg("text", { class: "soft", x: (left + wide) / 2, y: height - 4, "text-anchor": "middle" }, ui.say("film_axis")), ui.svg("text", { class: "soft", x: 12, y: (height - bottom) / 2, transform: `rotate(-90 12 ${(height - bottom) / 2})`, "text-anchor": "middle" }, ylabel));
    for (const s of series) {
      const points = s.x.map((step, i) => [sx(step), sy(flat(s.y[i]))]).filter(p => p.every(Number.isFinite));
      svg.append(ui.svg("path", { d: points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join(""), fill: "none", stroke: ui.color(s.color), "stroke-width": 2, "stroke-dasharray": s.dash || null }));
      if (s.points) for (const [x, y] of points) svg.append(ui.svg("circle", { cx: x, cy: y, r: 3.5, fill: ui.color("card"), stroke: ui.color(s.color), "stroke-width": 2 }));
    }
    const cursor = ui.svg("line", { y1: top, y2: height - bottom, stroke: ui.color("ink"), "stroke-width": 1.5 });
    svg.append(cursor);
    const move = step => { const x = sx(Math.min(step, last)).toFixed(1); cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); };
    const legend = ui.el("ul", { class: "legend" }, series.map(s => ui.el("li", {}, ui.svg("svg", { width: 30, height: 10, "aria-hidden": "true", style: "display:inline-block;margin-right:.4em" },
      ui.svg("line", { x1: 0, x2: 30, y1: 5, y2: 5, stroke: ui.color(s.color), "stroke-width": 3, "stroke-dasharray": s.dash || null }), s.points ? ui.svg("circle", { cx: 15, cy: 5, r: 3.5, fill: ui.color("card"), stroke: ui.color(s.color), "stroke-width": 2 }) : null), s.name)));
    return { node: ui.el("div", {}, legend, svg), move };
  };

  ttskit.widget("training.film", (root, spec, ui) => {
    const films = spec.films, steps = [...new Set(films.flatMap(f => f.steps))].sort((a, b) => a - b);
    const labels = [...new Set([...films.map(f => f.label), ...Object.keys(spec.losses)])], color = label => `c${labels.indexOf(label) % 6}`;
    const terms = [...new Set(Object.values(spec.losses).flatMap(Object.keys))];
    const last = Math.max(1, ...steps, ...Object.values(spec.losses).flatMap(Object.values).flatMap(Object.values).flatMap(s => s.steps));
    let at = steps.length - 1, term = terms[0], playing = 0, button = null, slider = null, panels = [], charts = [];
    const termName = name => { const words = ui.say(`term_${name}`); return words === `term_${name}` ? name : words; };
    const frameOf = film => { let i = -1; film.steps.forEach((step, k) => { if (step <= steps[at]) i = k; }); return i; };
    const show = () => {
      for (const { film, heat, line } of panels) {
        const i = frameOf(film);
        if (i < 0) { heat.replaceChildren(); line.textContent = ui.say("film_before", { step: ui.number(film.steps[0], 0) }); continue; }
        const label = ui.say("film_picture", { run: film.label, step: ui.number(film.steps[i], 0) });
        heat.replaceChildren(ui.heat({ values: picture(ui.array(film.pictures), i), rows: { name: "token", labels: film.tokens }, columns: { name: "frame", said: film.pooled > 1 ? ui.say("film_pooled", { every: film.pooled }) : "" }, scale: "share", range: [0, 0.5], label, height: Math.min(360, 60 + 8 * film.tokens.length), host: heat }));
        line.textContent = [ui.say("film_step", { step: ui.number(film.steps[i], 0) }), film.diagonality ? ui.say("film_diagonality", { value: ui.number(film.diagonality[i], 2) }) : ui.say("film_seconds", { seconds: ui.number(film.seconds[i], 2) })].join(" · ");
      }
      for (const chart of charts) chart.move(steps[at]);
    };
    const stop = () => { clearInterval(playing); playing = 0; if (button) { button.textContent = `▶ ${ui.say("film_play")}`; button.setAttribute("aria-pressed", "false"); } };
    const go = to => {
      at = to;
      const input = slider && slider.querySelector("input");
      if (input) { input.value = at; slider.querySelector("output").textContent = ui.number(steps[at], 0); input.setAttribute("aria-valuetext", `${ui.say("step")} ${ui.number(steps[at], 0)}`); }
      show();
    };
    const play = () => {
      if (playing) return stop();
      if (at === steps.length - 1) go(0);
      button.textContent = `■ ${ui.say("film_stop")}`;
      button.setAttribute("aria-pressed", "true");
      playing = setInterval(() => { if (!root.isConnected || at >= steps.length - 1) stop(); else go(at + 1); }, 350);
    };
    const drawLosses = (host, choose) => {
      const series = Object.entries(spec.losses).filter(([, own]) => own[term]).flatMap(([label, own]) => ["train", "validation"].filter(split => own[term][split]).map(split => ({
        name: `${label}, ${ui.say(`film_${split}`)}`, color: color(label), x: own[term][split].steps, y: own[term][split].values, dash: split === "validation" ? "5 4" : null, points: split === "validation" })));
      const positive = series.every(s => s.y.every(y => y > 0));
      const chart = overSteps({ ui, series, host, last, ylabel: ui.say("film_loss"), logarithmic: positive, label: ui.say("film_loss_picture", { term: termName(term) }) });
      host.replaceChildren(chart.node);
      charts = charts.filter(one => one.host !== host).concat({ host, move: chart.move });
      if (steps.length) chart.move(steps[at]);
      choose();
    };
    return () => {
      stop();
      panels = []; charts = [];
      const grid = ui.el("div", { style: GRID }), parts = [];
      if (steps.length > 1) {
        button = ui.el("button", { type: "button", "aria-pressed": "false", onclick: play }, `▶ ${ui.say("film_play")}`);
        slider = ui.slider({ label: ui.say("film_slider"), min: 0, max: steps.length - 1, value: at, show: i => ui.number(steps[i], 0), onchange: i => { stop(); go(i); } });
        parts.push(ui.el("div", { class: "row" }, button, slider));
      }
      parts.push(grid);
      const diagonal = films.filter(f => f.diagonality && f.steps.length > 1), scored = ui.el("div", {}), chosen = ui.el("div", {}), loss = ui.el("div", {});
      if (diagonal.length) parts.push(ui.el("p", { style: "margin:.8rem 0 0" }, ui.el("strong", {}, ui.say("film_diagonal"))), scored);
      if (terms.length) parts.push(ui.el("p", { style: "margin:.8rem 0 0" }, ui.el("strong", {}, ui.say("film_losses"))), chosen, loss);
      root.replaceChildren(...parts);
      for (const film of films) {
        const heat = ui.el("div", {}), line = ui.el("p", { class: "soft", style: "margin:0" }), box = titled(ui, `${film.label}: ${ui.say(`film_kind_${film.kind}`)}`);
        box.append(heat, line);
        if (film.aligned) box.append(ui.el("p", { class: "soft", style: "margin:0" }, ui.say(film.aligned.word, { step: ui.number(film.aligned.step, 0) })));
        grid.append(box);
        panels.push({ film, heat, line });
      }
      if (diagonal.length) {
        const chart = overSteps({ ui, host: scored, last, low: 0, high: 1, ylabel: ui.say("film_diagonal_axis"), label: ui.say("film_diagonal_picture"), height: 180,
          series: diagonal.map(f => ({ name: f.label, color: color(f.label), x: f.steps, y: f.diagonality, points: true })) });
        scored.replaceChildren(chart.node);
        charts.push({ host: scored, move: chart.move });
      }
      const choose = () => chosen.replaceChildren(ui.choices({ label: ui.say("film_term"), options: terms.map(name => ({ value: name, name: termName(name) })), value: term, onchange: name => { term = name; drawLosses(loss, choose); chosen.querySelector("[aria-pressed=true]").focus(); } }));
      if (terms.length) drawLosses(loss, choose);
      if (steps.length) go(at);
    };
  });

  ttskit.widget("training.helps", (root, spec, ui) => () => root.replaceChildren(...spec.runs.flatMap(run => [
    ui.el("p", { style: "margin:.4rem 0 0" }, ui.el("strong", {}, run.label)),
    run.aids.length ? ui.el("ul", { style: "margin:.2rem 0 .6rem" }, run.aids.map(aid => ui.el("li", {}, ui.say(aid.key, aid.values)))) : ui.el("p", { class: "soft", style: "margin:.2rem 0" }, ui.say("helps_none")),
  ])));

  ttskit.widget("training.guided", (root, spec, ui) => {
    let chosen = Math.max(0, spec.sigmas.indexOf(0.2));
    return () => {
      const grid = ui.el("div", { style: GRID }), own = titled(ui, ui.say("guided_own", { run: spec.run })), penalty = titled(ui, ui.say("guided_penalty")), bars = ui.el("div", {});
      grid.append(own, penalty);
      const columns = { name: frames(ui, spec.every) }, rows = { name: "token", labels: spec.tokens };
      const pay = ui.el("p", { style: "margin:.6rem 0 0" }, ui.el("strong", {}, ui.say("guided_paid")));
      const show = () => {
        penalty.replaceChildren(penalty.firstChild, ui.heat({ values: picture(ui.array(spec.penalties), chosen), rows, columns, range: [0, 1], label: ui.say("guided_penalty"), height: 300, host: penalty }));
        bars.replaceChildren(ui.bars({ values: spec.paid[chosen], labels: spec.names.map(name => ui.say(`guided_${name}_short`)), label: ui.say("guided_paid"), high: 1, host: bars }));
      };
      root.replaceChildren(ui.slider({ label: ui.say("guided_width"), values: spec.sigmas, value: spec.sigmas[chosen], show: s => ui.number(s, 1), onchange: s => { chosen = spec.sigmas.indexOf(s); show(); } }), grid, pay, bars);
      own.append(ui.heat({ values: ui.array(spec.attention), rows, columns, range: [0, 0.5], label: ui.say("guided_own", { run: spec.run }), height: 300, host: own }));
      show();
    };
  });

  ttskit.widget("training.prior", (root, spec, ui) => {
    let strength = spec.strengths.length - 1, frame = spec.frame;
    return () => {
      const heat = ui.el("div", {}), bars = ui.el("div", {}), values = ui.array(spec.priors), [, N, C] = values.shape;
      const show = () => {
        const now = picture(values, strength), column = Array.from({ length: N }, (_, n) => now.data[n * C + frame]);
        heat.replaceChildren(ui.heat({ values: now, rows: { name: "token", labels: spec.tokens }, columns: { name: frames(ui, spec.every) }, marks: [{ column: frame }], range: [0, 0.25], label: ui.say("prior_picture", { strength: ui.number(spec.strengths[strength], 2) }), height: 300, digits: 3, host: heat }));
        bars.replaceChildren(ui.el("p", { style: "margin:.4rem 0 0" }, ui.el("strong", {}, ui.say("prior_frame", { frame: ui.number(frame * spec.every + 1, 0) }))),
          ui.bars({ values: column, labels: spec.tokens.map(t => (t.length > 2 ? "·" : t)), label: ui.say("prior_frame", { frame: ui.number(frame * spec.every + 1, 0) }), chosen: column.indexOf(Math.max(...column)), height: 140, host: bars }));
      };
      root.replaceChildren(
        ui.slider({ label: ui.say("prior_strength"), values: spec.strengths, value: spec.strengths[strength], show: s => ui.number(s, 2), onchange: s => { strength = spec.strengths.indexOf(s); show(); } }),
        ui.slider({ label: ui.say("frame"), min: 0, max: C - 1, value: frame, show: c => ui.number(c * spec.every + 1, 0), onchange: c => { frame = c; show(); } }), heat, bars);
      show();
    };
  });

  ttskit.widget("training.supervised", (root, spec, ui) => () => {
    const grid = ui.el("div", { style: GRID }), rows = { name: "token", labels: spec.tokens };
    root.replaceChildren(grid);
    for (const [values, words, range] of [[spec.target, ui.say("supervised_target", { run: spec.giver }), [0, 1]], [spec.attention, ui.say("supervised_own", { run: spec.run }), [0, 1]]]) {
      const box = titled(ui, words);
      grid.append(box);
      box.append(ui.heat({ values: ui.array(values), rows, columns: { name: "step" }, range, label: words, height: 300, host: box }));
    }
  });
})();
