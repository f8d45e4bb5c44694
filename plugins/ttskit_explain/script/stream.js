"use strict";
// Residuals, feed-forward networks, layer normalisation.
(() => {
  const name = (ui, part) => {
    const said = part.worded ? ui.say(`part_${part.part}`) : part.part;
    return part.layer ? `${part.layer} · ${said}` : said;
  };
  const sides = (ui, run, state, draw) => run.sides.length < 2 ? [] : [ui.choices({ label: ui.say("where"), value: state.side, options: run.sides.map((one, i) => ({ value: i, name: ui.say(`place_${one.place}`) })), onchange: i => { state.side = i; draw(); } })];
  const picked = (spec, state) => {
    const run = spec.runs[state.run];
    if (state.side >= run.sides.length) state.side = 0;
    return [run, run.sides[state.side]];
  };
  const partChoice = (ui, parts, state, draw) => ui.choices({ label: ui.say("layer_part"), value: state.part, options: parts.map((one, i) => ({ value: i, name: name(ui, one) })), onchange: i => { state.part = i; draw(); } });

  ttskit.widget("stream.sizes", (root, spec, ui) => {
    const state = { run: 0, side: 0, row: -1 };
    const KINDS = [["before", "c1"], ["adds", "c0"], ["summed", "c4"], ["after", "c2"]];
    const draw = () => {
      const [run, side] = picked(spec, state), sizes = ui.array(side.sizes), [P, , L] = sizes.shape, below = ui.el("div", { "aria-live": "polite" });
      if (state.row >= L) state.row = -1;
      const show = () => {
        const value = (p, k) => state.row < 0 ? side.mean[p][k] : sizes.data[(p * 4 + k) * L + state.row];
        const tall = 34, wide = ui.width(root), from = 8, most = Math.max(...side.mean.flat(), ...Array.from(sizes.data)), scale = ui.scale(0, most, 0, wide - from - 60);
        const said = side.parts.map((one, p) => `${name(ui, one)}: ${KINDS.map(([kind], k) => `${ui.say(`size_${kind}`)} ${ui.number(value(p, k), 2)}`).join(", ")}`).join("; ");
        const picture = ui.svg("svg", { width: wide, height: P * (tall * 2 + 14), role: "img", "aria-label": said });
        side.parts.forEach((one, p) => {
          const top = p * (tall * 2 + 14);
          picture.append(ui.svg("text", { x: from, y: top + 13, "font-weight": 600 }, name(ui, one)));
          KINDS.forEach(([kind, color], k) => {
            const y = top + 18 + k * 13, width = Math.max(1, scale(value(p, k)));
            picture.append(ui.svg("rect", { x: from, y, width, height: 10, fill: kind === "summed" ? "none" : ui.color(color), stroke: ui.color(color), "stroke-width": 1.5 }), ui.svg("text", { class: "soft", x: from + width + 5, y: y + 9, "font-size": 11 }, ui.number(value(p, k), 2)));
          });
        });
        const legend = ui.el("ul", { class: "legend" }, KINDS.map(([kind, color]) => ui.el("li", { style: "display:flex;gap:.35rem;align-items:center" }, ui.svg("svg", { width: 18, height: 12, "aria-hidden": "true" }, ui.svg("rect", { x: 1, y: 1, width: 16, height: 10, fill: kind === "summed" ? "none" : ui.color(color), stroke: ui.color(color), "stroke-width": 1.5 })), ui.say(`size_${kind}`))));
        below.replaceChildren(legend, picture);
      };
      const label = row => row < 0 ? ui.say("all_places") : side.tokens.length ? `${row + 1} · ${side.tokens[row]}` : String(row + 1);
      const values = [-1, ...Array.from({ length: L }, (_, i) => i)];
      root.replaceChildren(...ui.runs(spec.runs, state, draw), ...sides(ui, run, state, draw), ui.slider({ label: ui.say(side.place), values, value: state.row, show: label, onchange: row => { state.row = row; show(); } }), below);
      show();
    };
    return draw;
  });

  ttskit.widget("stream.adds", (root, spec, ui) => {
    const state = { run: 0, side: 0, what: "share" };
    const draw = () => {
      const [run, side] = picked(spec, state), values = ui.array(side[state.what]), labels = side.parts.map(one => name(ui, one));
      const mean = side.parts.map((_, p) => { let sum = 0; for (let i = 0; i < values.shape[1]; i++) sum += values.data[p * values.shape[1] + i]; return sum / values.shape[1]; });
      const share = state.what === "share", digits = share ? 0 : 2, unit = share ? " %" : "";
      const table = ui.el("table", { style: "border-collapse:collapse;font-size:.92rem;margin:.4rem 0" }, ui.el("tbody", {}, labels.map((text, p) => ui.el("tr", {}, ui.el("th", { scope: "row", style: "text-align:left;font-weight:400;padding-right:1rem" }, text), ui.el("td", { style: "text-align:right;font-variant-numeric:tabular-nums" }, ui.number(mean[p], digits) + unit)))));
      root.replaceChildren(...ui.runs(spec.runs, state, draw), ...sides(ui, run, state, draw),
        ui.choices({ label: ui.say("adds_what"), value: state.what, options: ["share", "cosine"].map(value => ({ value, name: ui.say(`adds_${value}`) })), onchange: value => { state.what = value; draw(); } }),
        ui.heat({ values, rows: { name: "part", labels }, columns: { name: side.place, labels: side.tokens.length ? side.tokens.map(ui.short) : null }, scale: share ? "share" : "signed", range: share ? undefined : [-1, 1], digits, label: `${ui.say(`adds_${state.what}`)}, ${run.label}`, height: Math.max(90, 26 * labels.length), host: root }),
        ui.el("div", { class: "soft" }, ui.say("adds_mean")), table);
    };
    return draw;
  });

  ttskit.widget("stream.norm", (root, spec, ui) => {
    const state = { run: 0, part: 0, row: 2, channel: 0 };
    const draw = () => {
      const run = spec.runs[state.run];
      if (state.part >= run.parts.length) state.part = 0;
      const part = run.parts[state.part], before = ui.array(part.before), after = ui.array(part.after), gain = ui.array(part.gain).data, bias = ui.array(part.bias).data, [L, C] = before.shape;
      state.row = Math.min(state.row, L - 1);
      state.channel = Math.min(state.channel, C - 1);
      const told = ui.el("div", { "aria-live": "polite" }), picture = ui.el("div");
      const show = () => {
        const row = state.row, c = state.channel, x = before.data[row * C + c], deviation = Math.sqrt(part.variance[row] + 1e-5), unit = (x - part.mean[row]) / deviation;
        const n = value => ui.number(Math.abs(value) < 0.005 ? 0 : value, 2), inside = value => (value <= -0.005 ? `(${n(value)})` : n(value));
        told.replaceChildren(
          ui.el("p", {}, ui.say("norm_row", { symbol: run.tokens[row], count: C, mean: n(part.mean[row]), variance: n(part.variance[row]), deviation: n(deviation) })),
          ui.el("p", {}, ui.say("norm_channel", { channel: c + 1, x: n(x), mean: inside(part.mean[row]), deviation: n(deviation), unit: n(unit) })),
          ui.el("p", {}, ui.say("norm_learned", { unit: n(unit), gain: inside(gain[c]), bias: inside(bias[c]), result: n(unit * gain[c] + bias[c]), after: n(after.data[row * C + c]) })));
        const slice = values => Array.from(values.data.slice(row * C, (row + 1) * C));
        picture.replaceChildren(ui.lines({ series: [{ name: ui.say("norm_before"), values: slice(before), color: "c1" }, { name: ui.say("norm_after"), values: slice(after), color: "c0", dash: "5 3" }], x: Array.from({ length: C }, (_, i) => i + 1), xlabel: ui.say("channel"), label: ui.say("norm_label", { symbol: run.tokens[row] }), height: 220, marks: [c + 1], host: root }));
      };
      root.replaceChildren(...ui.runs(spec.runs, state, draw), partChoice(ui, run.parts, state, draw),
        ui.slider({ label: ui.say("token"), min: 0, max: L - 1, value: state.row, show: i => `${i + 1} · ${run.tokens[i]}`, onchange: i => { state.row = i; show(); } }),
        ui.slider({ label: ui.say("channel"), min: 0, max: C - 1, value: state.channel, show: i => String(i + 1), onchange: i => { state.channel = i; show(); } }), told, picture);
      show();
    };
    return draw;
  });

  ttskit.widget("stream.hidden", (root, spec, ui) => {
    const state = { run: 0, part: 0 };
    const draw = () => {
      const run = spec.runs[state.run];
      if (state.part >= run.parts.length) state.part = 0;
      const part = run.parts[state.part], values = ui.array(part.values);
      root.replaceChildren(...ui.runs(spec.runs, state, draw), ui.choices({ label: ui.say("layer"), value: state.part, options: run.parts.map((one, i) => ({ value: i, name: String(one.layer) })), onchange: i => { state.part = i; draw(); } }),
        ui.el("p", {}, ui.say("hidden_told", { units: part.units, percent: ui.number(part.percent, 0), never: part.never, always: part.always })),
        ui.bars({ values: part.each, labels: run.tokens.map(ui.short), label: ui.say("hidden_label"), digits: 0, height: 130, host: root }),
        ui.heat({ values, rows: { name: "token", labels: run.tokens }, columns: { name: "unit" }, scale: "share", range: [0, part.loud], label: ui.say("hidden_map"), height: Math.max(150, 11 * values.shape[0]), host: root }));
    };
    return draw;
  });

  ttskit.widget("stream.plain", (root, spec, ui) => {
    const state = { run: 0 };
    const draw = () => {
      const run = spec.runs[state.run], most = Math.max(...run.sizes.map(one => one.mean), 1e-9);
      const title = one => `${one.step ? ui.say(one.step) : one.title} (${one.key})`;
      root.replaceChildren(...ui.runs(spec.runs, state, draw), ui.el("div", { style: "display:grid;gap:.5rem" }, run.sizes.map(one => ui.el("div", {},
        ui.el("div", { style: "display:flex;justify-content:space-between;gap:1rem;font-size:.92rem" }, ui.el("span", {}, title(one)), ui.el("span", { style: "font-variant-numeric:tabular-nums" }, ui.number(one.mean, 2))),
        ui.el("div", { style: `height:.6rem;width:${Math.max(0.3, 100 * one.mean / most)}%;background:var(--c1)`, "aria-hidden": "true" })))));
    };
    return draw;
  });
})();
