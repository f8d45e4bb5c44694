"use strict";
// Positional encoding.
(() => {
  ttskit.widget("positions.waves", (root, spec, ui) => {
    const state = { run: 0, channel: 0 };
    const draw = () => {
      const run = spec.runs[state.run], values = ui.array(run.values), [L, C] = values.shape;
      if (state.channel >= C) state.channel = 0;
      const below = ui.el("div", { "aria-live": "polite" });
      const show = () => {
        const c = state.channel, column = Array.from({ length: L }, (_, i) => values.data[i * C + c]);
        const period = run.periods && run.periods[c], wave = ui.say(run.cosine && run.cosine[c] ? "wave_cosine" : "wave_sine");
        const told = period ? ui.say("wave_of", { channel: c + 1, wave, period: ui.number(period, period < 100 ? 1 : 0) }) : ui.say("wave_unknown", { channel: c + 1 });
        below.replaceChildren(ui.el("p", {}, told), ui.lines({ series: [{ values: column, color: "c1" }], xlabel: ui.say("place"), ylabel: "", label: told, height: 150, host: root, low: Math.min(-1, ...column), high: Math.max(1, ...column) }));
      };
      const slider = ui.slider({ label: ui.say("channel"), min: 0, max: C - 1, value: state.channel, show: c => String(c + 1), onchange: c => { state.channel = c; show(); } });
      root.replaceChildren(...ui.runs(spec.runs, state, draw), ui.heat({ values, rows: { name: "token", labels: run.tokens }, columns: { name: "channel" }, scale: "signed", height: Math.max(150, 11 * L), label: ui.say("waves_label", { rows: L, columns: C }), host: root, onpick: (_, c) => { state.channel = c; draw(); } }), slider, below);
      show();
    };
    return draw;
  });

  ttskit.widget("positions.distance", (root, spec, ui) => {
    let chosen = Math.floor(spec.tokens.length / 2);
    return () => {
      const products = ui.array(spec.products), L = products.shape[0], below = ui.el("div");
      const show = () => {
        const row = Array.from(products.data.slice(chosen * L, (chosen + 1) * L));
        const label = ui.say("products_label", { place: chosen + 1 });
        below.replaceChildren(ui.lines({ series: [{ values: row, color: "c1" }], x: row.map((_, i) => i + 1), xlabel: ui.say("place"), ylabel: ui.say("product"), label, height: 190, marks: [chosen + 1], host: root, low: Math.min(0, ...row) }));
      };
      const slider = ui.slider({ label: ui.say("place"), min: 0, max: L - 1, value: chosen, show: i => `${i + 1} · ${spec.tokens[i]}`, onchange: i => { chosen = i; show(); } });
      root.replaceChildren(slider, below, ui.heat({ values: products, rows: { name: "token", labels: spec.tokens }, columns: { name: "token" }, scale: "share", digits: 1, label: ui.say("products_map"), height: Math.min(420, Math.max(180, 12 * L)), host: root }));
      show();
    };
  });

  ttskit.widget("positions.without", (root, spec, ui) => {
    const state = { run: 0, variant: 1 };
    const draw = () => {
      const run = spec.runs[state.run], plain = run.variants[0];
      if (state.variant >= run.variants.length) state.variant = 0;
      const found = run.variants[state.variant];
      const name = one => one.side ? [ui.say(`side_${one.side}`), ui.say(`how_${one.how}`)].join(": ") : ui.say("how_as_is");
      const parts = [...ui.runs(spec.runs, state, draw), ui.choices({ label: ui.say("positions"), value: state.variant, options: run.variants.map((one, i) => ({ value: i, name: name(one) })), onchange: i => { state.variant = i; draw(); } })];
      parts.push(ui.el("div", { class: "row" }, ui.player(found.audio, name(found)), found === plain ? null : ui.player(plain.audio, ui.say("how_as_is"))));
      parts.push(ui.el("p", {}, ui.say("without_frames", { frames: found.frames, plain: plain.frames }), found.finished === false ? ui.el("span", {}, " ", ui.say("without_unfinished")) : null));
      const mel = (one, title) => [ui.el("div", { class: "soft" }, title), ui.heat({ values: ui.array(one.mel), rows: { name: "band", up: true }, columns: { name: "frame" }, scale: "mel", height: 130, label: `${ui.say("mel")}, ${title}`, host: root })];
      parts.push(...mel(found, name(found)), ...(found === plain ? [] : mel(plain, ui.say("how_as_is"))));
      if (found.durations) {
        const series = [{ name: ui.say("how_as_is"), values: plain.durations, color: "c1" }];
        if (found !== plain) series.unshift({ name: name(found), values: found.durations, color: "c0", dash: "5 3" });
        parts.push(ui.lines({ series, x: found.durations.map((_, i) => i + 1), xlabel: ui.say("place"), ylabel: ui.say("frames_each"), label: ui.say("durations_label"), height: 170, host: root, low: 0 }));
      }
      if (found.alignment) parts.push(ui.heat({ values: ui.array(found.alignment), rows: { name: "token", labels: run.tokens }, columns: { name: "frame" }, label: `${ui.say("alignment")}, ${name(found)}`, host: root }));
      root.replaceChildren(...parts);
    };
    return draw;
  });

  ttskit.widget("positions.looks", (root, spec, ui) => {
    const state = { run: 0, layer: 0 };
    const draw = () => {
      const run = spec.runs[state.run];
      if (state.layer >= run.layers.length) state.layer = 0;
      const layer = run.layers[state.layer], x = layer.plain.map((_, i) => run.first + i);
      const series = [{ name: ui.say("with_positions"), values: layer.plain.map(v => 100 * v), color: "c1" }, { name: ui.say("without_positions"), values: layer.removed.map(v => 100 * v), color: "c0", dash: "5 3" }];
      root.replaceChildren(...ui.runs(spec.runs, state, draw), ui.choices({ label: ui.say("layer"), value: state.layer, options: run.layers.map((_, i) => ({ value: i, name: String(i + 1) })), onchange: i => { state.layer = i; draw(); } }), ui.lines({ series, x, xlabel: ui.say("how_far"), ylabel: ui.say("weight_percent"), label: ui.say("looks_label"), height: 230, marks: [0], host: root, low: 0 }));
    };
    return draw;
  });

  ttskit.widget("positions.order", (root, spec, ui) => {
    const name = one => {
      const what = ui.say(`order_${one.kind}`), how = one.removed ? "without_positions" : one.kind === "attention" ? "with_positions" : "";
      return `${one.run}: ${what}${how ? ", " : ""}${how ? ui.say(how) : ""}`;
    };
    let chosen = 0;
    return () => {
      const most = Math.max(...spec.shown.map(one => one.mean), 0.01), rows = [], below = ui.el("div", { "aria-live": "polite" });
      const show = k => {
        chosen = k;
        rows.forEach((row, i) => row.setAttribute("aria-pressed", String(i === k)));
        below.replaceChildren(ui.el("p", { class: "soft" }, name(spec.shown[k])), ui.bars({ values: spec.shown[k].moved, labels: spec.shown[k].tokens.map(ui.short), label: name(spec.shown[k]), height: 150, high: Math.max(0.05, ...spec.shown.flatMap(one => one.moved)), host: root }));
      };
      spec.shown.forEach((one, k) => rows.push(ui.el("button", { type: "button", style: "display:block;width:100%;text-align:left", onclick: () => show(k) },
        ui.el("span", { style: "display:flex;justify-content:space-between;gap:1rem" }, ui.el("span", {}, name(one)), ui.el("span", { style: "font-variant-numeric:tabular-nums" }, ui.number(one.mean, 2))),
        ui.el("span", { style: `display:block;height:.6rem;margin-top:.2rem;width:${Math.max(0.3, 100 * one.mean / most)}%;background:var(--c1)`, "aria-hidden": "true" }))));
      root.replaceChildren(ui.el("div", { role: "group", "aria-label": ui.say("order_moved"), style: "display:grid;gap:.4rem" }, rows), below);
      show(Math.min(chosen, spec.shown.length - 1));
    };
  });
})();
