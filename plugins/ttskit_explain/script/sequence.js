"use strict";
// Sequence models: "sequence.reading", "sequence.gates", "sequence.trace", "sequence.paths", "sequence.table", "sequence.ticks".
(() => {
  const column = ({ shape: [rows, columns], data }, c) => Float32Array.from({ length: rows }, (_, r) => data[r * columns + c]);
  const line = ({ shape: [, columns], data }, r) => data.slice(r * columns, (r + 1) * columns);
  const most = data => data.reduce((top, x) => Math.max(top, Math.abs(x)), 1e-6);

  // One network after the other reads the sentence: what arrives, the state before it and after it.
  ttskit.widget("sequence.reading", (root, spec, ui) => {
    let network = spec.networks[0].key, at = Math.floor(spec.tokens.length / 3);
    const arrives = ui.array(spec.arrives);
    const draw = () => {
      const state = ui.array(spec.networks.find(one => one.key === network).state), name = ui.say(`sequence_${network}`);
      const heat = ui.heat({ values: state, rows: { name: "cell" }, columns: { name: "token", labels: spec.tokens.map(ui.short) }, scale: "signed", range: [-1, 1], height: 130, label: ui.say("sequence_states", { name }), host: root });
      const cover = ui.covered(heat, spec.tokens.length), now = ui.el("div", {}), top = most(arrives.data), size = state.shape[0];
      const show = t => {
        at = t;
        cover(t + 1);
        const token = spec.tokens[t], before = t ? column(state, t - 1) : new Float32Array(size);
        now.replaceChildren(
          ui.sentence({ tokens: spec.tokens, label: ui.say("sequence_read", { token, number: t + 1 }), cells: spec.tokens.map((_, i) => ({ ring: i === t, faint: i > t })), host: root }),
          ui.strip({ values: column(arrives, t), range: [-top, top], label: ui.say("sequence_arrives", { token }), host: root }),
          ui.strip({ values: before, range: [-1, 1], label: ui.say(t ? "sequence_before" : "sequence_nothing"), host: root }),
          ui.strip({ values: column(state, t), range: [-1, 1], label: ui.say("sequence_after", { token }), host: root }));
      };
      root.replaceChildren(
        ui.choices({ label: ui.say("sequence_network"), value: network, options: spec.networks.map(one => ({ value: one.key, name: ui.say(`sequence_${one.key}`) })), onchange: key => { network = key; draw(); } }),
        ui.scrub({ label: ui.say("token"), max: spec.tokens.length - 1, value: at, every: 350, show: t => `${t + 1}: ${spec.tokens[t]}`, onchange: show }),
        now, heat);
      show(at);
    };
    return draw;
  });

  // Gates as heat maps, one cell followed through the sentence, and its sum with numbers.
  ttskit.widget("sequence.gates", (root, spec, ui) => {
    let seen = "f", channel = spec.channel, at = Math.min(2, spec.tokens.length - 1);
    const gates = Object.fromEntries(Object.entries(spec.gates).map(([key, ref]) => [key, ui.array(ref)]));
    const pictures = { ...gates, c: ui.array(spec.cell), h: ui.array(spec.hidden) }, kept = ui.array(spec.kept).data;
    const draw = () => {
      const signed = seen === "g" || seen === "c" || seen === "h", map = ui.el("div", {}), inside = ui.el("div", {});
      const n = x => { const text = ui.number(x, 2); return x < 0 ? `(${text})` : text; };
      const pick = (row, c) => { channel = row; at = c; draw(); };
      const show = () => {
        const all = Object.fromEntries(Object.keys(pictures).map(key => [key, line(pictures[key], channel)])), before = at ? all.c[at - 1] : 0;
        const places = spec.tokens.map((_, i) => i + 1), series = (key, color, dash) => ({ name: ui.say(`sequence_${key}`), values: all[key], color, dash });
        const numbers = { f: n(all.f[at]), before: n(before), i: n(all.i[at]), g: n(all.g[at]), c: n(all.c[at]), o: n(all.o[at]), h: n(all.h[at]) };
        const chart = { x: places, marks: [at + 1], height: 170, xlabel: ui.say("token"), label: ui.say("sequence_lines", { number: channel + 1 }), host: root };
        map.replaceChildren(ui.heat({ values: pictures[seen], rows: { name: "cell" }, columns: { name: "token", labels: spec.tokens.map(ui.short) }, scale: signed ? "signed" : "share", range: signed ? null : [0, 1], height: 190, marks: [{ row: channel }, { column: at }], label: ui.say("sequence_picture", { name: ui.say(`sequence_${seen}`) }), onpick: pick, host: root }));
        inside.replaceChildren(
          ...["sequence_sum_cell", "sequence_sum_state"].map(key => ui.el("p", { class: "sum" }, ui.say(key, numbers))),
          ui.el("p", { class: "soft" }, ui.say("sequence_keeps", { half: ui.number(kept[channel], 1) })),
          ui.lines({ ...chart, series: [series("i", "c0", "2 3"), series("f", "c1"), series("o", "c2", "7 4")], low: 0, high: 1 }),
          ui.lines({ ...chart, series: [series("g", "c4", "2 3"), series("c", "c3"), series("h", "c5", "7 4")] }));
      };
      root.replaceChildren(
        ui.choices({ label: ui.say("sequence_shown"), value: seen, options: ["i", "f", "o", "g", "c", "h"].map(key => ({ value: key, name: ui.say(`sequence_${key}`) })), onchange: key => { seen = key; draw(); } }),
        map,
        ui.slider({ label: ui.say("cell"), min: 0, max: kept.length - 1, value: channel, show: c => String(c + 1), onchange: c => { channel = c; show(); } }),
        ui.tokens({ tokens: spec.tokens, chosen: at, label: ui.say("token"), onchange: t => { at = t; draw(); } }),
        inside);
      show();
    };
    return draw;
  });

  // How much of one word is left, symbol by symbol.
  ttskit.widget("sequence.trace", (root, spec, ui) => {
    let chosen = 0;
    const looks = { bare: ["c0", "2 3"], lstm: ["c1", null], attention: ["c2", "7 4"] }, floor = -12;
    const draw = () => {
      const { place, word } = spec.sources[chosen], keys = Object.keys(spec.curves);
      const name = key => ui.say(`sequence_${key}`) + (key === "attention" ? ` (${spec.attends})` : "");
      const all = Object.fromEntries(keys.map(key => [key, line(ui.array(spec.curves[key]), chosen)]));
      const series = keys.map(key => ({ name: name(key), values: all[key].slice(place).map(x => Math.max(x, floor)), color: looks[key][0], dash: looks[key][1] }));
      const rows = keys.map(key => ui.el("div", {}, ui.el("div", { class: "soft" }, name(key)), ui.sentence({
        tokens: spec.tokens, label: ui.say("sequence_left", { word, name: name(key) }), host: root,
        cells: spec.tokens.map((_, i) => {
          const x = all[key][i];
          if (!Number.isFinite(x)) return { faint: true, below: "–" };
          const fill = ui.shade(1 + x / 6);
          return { fill, ink: ui.inkOn(fill), below: ui.number(x, x < -9.9 ? 0 : 1), ring: i === place };
        }) })));
      root.replaceChildren(
        ui.choices({ label: ui.say("sequence_from"), value: chosen, options: spec.sources.map((one, i) => ({ value: i, name: one.word })), onchange: i => { chosen = i; draw(); } }),
        ui.lines({ series, low: Math.min(-1, ...series.flatMap(s => Array.from(s.values)).filter(Number.isFinite)), high: 0, height: 260, xlabel: ui.say("sequence_distance"), ylabel: ui.say("sequence_power"), label: ui.say("sequence_curves", { word }), host: root }),
        ...rows);
    };
    return draw;
  });

  // Who can see whom, and through how many steps.
  ttskit.widget("sequence.paths", (root, spec, ui) => {
    let kind = "ahead", who = spec.chosen;
    const draw = () => {
      const paths = ui.array(spec.paths[kind]), places = spec.tokens.length, own = line(paths, who);
      const near = { shape: paths.shape, data: Float32Array.from(paths.data, steps => (steps ? 0.25 + 0.75 / steps : 0)) };
      const heat = ui.heat({ values: near, rows: { name: "query", labels: spec.tokens.map(ui.short) }, columns: { name: "key", labels: spec.tokens.map(ui.short) }, range: [0, 1], height: Math.min(460, Math.max(160, places * 14)), marks: [{ row: who }], label: ui.say("sequence_matrix", { name: ui.say(`sequence_${kind}`) }), onpick: row => { who = row; draw(); }, host: root });
      heat.querySelector(".readout").remove();
      const seen = own.filter(steps => steps > 0).length, steps = own[spec.from];
      root.replaceChildren(
        ui.choices({ label: ui.say("sequence_layer"), value: kind, options: Object.keys(spec.paths).map(key => ({ value: key, name: ui.say(`sequence_${key}`, { window: spec.window }) })), onchange: key => { kind = key; draw(); } }),
        heat,
        ui.el("p", { class: "soft" }, ui.say("sequence_who")),
        ui.tokens({ tokens: spec.tokens, chosen: who, label: ui.say("sequence_who"), onchange: t => { who = t; draw(); } }),
        ui.el("p", { class: "sum", "aria-live": "polite" }, ui.say("sequence_sees", { token: spec.tokens[who], seen, all: places }) + " " + ui.say(steps ? "sequence_path" : "sequence_blind", { from: spec.tokens[spec.from], steps })),
        ui.sentence({ tokens: spec.tokens, label: ui.say("sequence_paths", { token: spec.tokens[who] }), host: root,
          cells: spec.tokens.map((_, i) => (own[i] ? (fill => ({ fill, ink: ui.inkOn(fill), below: String(own[i]), ring: i === who }))(ui.shade(0.25 + 0.75 / own[i])) : { faint: true, below: "✕", ring: i === who })) }));
    };
    return draw;
  });

  ttskit.widget("sequence.table", (root, spec, ui) => () => {
    const whole = x => x.toLocaleString(ui.language, { maximumFractionDigits: 0 }), cell = (formula, value) => ui.el("td", {}, ui.el("strong", {}, whole(value)), ui.el("br"), ui.el("span", { class: "soft" }, formula));
    const heads = ["layer", "sequence_work", "sequence_waits", "sequence_longest"].map(key => ui.el("th", { scope: "col" }, ui.say(key)));
    const rows = spec.rows.map(one => ui.el("tr", {}, ui.el("th", { scope: "row" }, ui.say(`sequence_row_${one.kind}`)), cell(one.work_is, one.work), cell(one.waits_is, one.waits), cell(one.path_is, one.path)));
    root.replaceChildren(ui.el("div", { style: "overflow-x:auto", "data-scrolls": true, tabindex: "0", role: "region", "aria-label": ui.say("sequence_costs") }, ui.el("table", { style: "border-spacing:1rem .4rem;text-align:left" }, ui.el("thead", {}, ui.el("tr", {}, heads)), ui.el("tbody", {}, rows))));
  });

  // What is there after each tick.
  ttskit.widget("sequence.ticks", (root, spec, ui) => {
    let at = 1;
    const draw = () => {
      const inside = ui.el("div", {}), places = spec.tokens.length;
      const show = tick => {
        at = tick;
        inside.replaceChildren(...spec.rows.map(({ key, at: ready }) => {
          const there = ready.filter(t => t <= tick).length, name = ui.say(`sequence_wave_${key}`), done = ui.color("c1");
          return ui.el("div", {}, ui.el("div", {}, name + " ", ui.el("span", { class: "soft" }, ui.say("sequence_there", { there, all: places }))), ui.sentence({
            tokens: spec.tokens, label: `${name} ${ui.say("sequence_there", { there, all: places })}`, host: root,
            cells: ready.map(t => (t <= tick ? { fill: done, ink: ui.inkOn(rgb(done)), ring: t === tick } : { faint: true })) }));
        }));
      };
      root.replaceChildren(ui.scrub({ label: ui.say("sequence_tick"), max: places, value: at, every: 300, onchange: show }), inside);
      show(at);
    };
    const rgb = hex => `rgb(${[1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16)).join(",")})`;
    return draw;
  });
})();
