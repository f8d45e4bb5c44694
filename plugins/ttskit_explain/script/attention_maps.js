"use strict";
// The rest of the section on self-attention: what a mask hides, every map of every layer and head, and what is said without a part.
(() => {
  const { state, change, linked, show, symbols, title, said, rows } = ttskit.attention;
  const free = { free: true };

  // Bars of which some are −∞: a hatched column says that the place is hidden.
  const hidden = ({ ui, values, labels, chosen, digits, height, label, host }) => {
    const finite = values.map(x => (Number.isFinite(x) ? x : 0)), low = Math.min(0, ...finite), high = Math.max(0.01, ...finite);
    const picture = ui.bars({ values: finite, labels, chosen, digits, height, label, low, high, host });
    const each = ui.width(host) / values.length, pattern = `hatch-${Math.random().toString(36).slice(2)}`;
    const covers = values.map((x, i) => (Number.isFinite(x) ? null : ui.svg("g", {},
      ui.svg("rect", { x: i * each, y: 2, width: each, height: height - 26, fill: ui.color("card") }),
      ui.svg("rect", { x: i * each + 1, y: 2, width: each - 2, height: height - 26, fill: `url(#${pattern})` }),
      each > 15 ? ui.svg("text", { x: (i + 0.5) * each, y: (height - 20) / 2, "text-anchor": "middle", "font-size": 11 }, "−∞") : null))).filter(Boolean);
    if (covers.length) picture.append(ui.svg("defs", {}, ui.svg("pattern", { id: pattern, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, ui.svg("line", { x1: 0, y1: 0, x2: 0, y2: 6, stroke: ui.color("line"), "stroke-width": 3 }))), ...covers);
    return picture;
  };

  ttskit.widget("attention-mask", (root, spec, ui) => {
    const own = { on: true, step: Math.floor(spec.queries.length / 3) }, padding = spec.kind === "padding", steps = spec.kind === "steps";
    return linked(root, free, ui, () => {
      const scores = ui.array(spec.scores), [H, Q, K] = scores.shape, head = Math.min(state.head, H - 1);
      const query = Math.min(padding ? state.token : own.step, Q - 1);
      const see = rows(scores, head, Q * K), weights = rows(ui.array(own.on ? spec.masked : spec.open), head, Q * K);
      const banned = j => own.on && (padding ? j >= Q : j > query);
      const row = Array.from(see.data.subarray(query * K, (query + 1) * K), (x, j) => (banned(j) ? -Infinity : x));
      const share = Array.from(weights.data.subarray(query * K, (query + 1) * K));
      const lost = share.reduce((all, w, j) => all + ((padding ? j >= Q : j > query) ? w : 0), 0);
      const names = { who: steps ? `${ui.say("step")} ${query + 1}` : spec.queries[query], token: spec.queries[query], head: head + 1, layer: spec.layer, run: spec.label, percent: ui.number(100 * lost, 1), n: padding ? K - Q : K - 1 - query };
      const kind = steps ? "steps" : padding ? "padding" : "ahead";
      const pick = to => { if (padding) change({ token: to }); else { own.step = to; ui.redraw(); } };
      const axis = { rows: { name: steps ? "step" : "query", labels: spec.queries }, columns: { name: steps ? "step" : "key", labels: spec.keys } };
      show(root, [
        steps ? ui.slider({ label: ui.say("step"), min: 0, max: Q - 1, value: query, show: s => String(s + 1), onchange: pick })
          : symbols({ ui, root, tokens: spec.queries, chosen: query, label: ui.say("attention_choose"), onchange: pick }),
        ui.el("div", { class: "row", style: "gap:1rem" },
          ui.choices({ label: ui.say("attention_mask_is"), value: own.on, options: [{ value: true, name: ui.say("attention_on") }, { value: false, name: ui.say("attention_off") }], onchange: on => { own.on = on; ui.redraw(); } }),
          H > 1 ? ui.choices({ label: ui.say("head"), value: head, options: Array.from({ length: H }, (_, value) => ({ value, name: String(value + 1) })), onchange: to => change({ head: to }) }) : null),
        title(ui, "attention_mask_scores", names),
        hidden({ ui, values: row, labels: spec.keys, chosen: query, digits: 1, height: 140, label: ui.say("attention_mask_scores", names), host: root }),
        title(ui, "attention_mask_weights", names),
        ui.bars({ values: share, labels: spec.keys, chosen: query, digits: 2, height: 120, label: ui.say("attention_mask_weights", names), host: root }),
        said(ui, own.on ? `attention_${kind}_masked` : `attention_${kind}_open`, names),
        ui.heat({ values: weights, ...axis, scale: "share", height: Math.max(120, 14 * Q), marks: [{ row: query }], digits: 3, label: ui.say("attention_mask_map", names), onpick: r => pick(r), host: root }),
      ]);
    });
  });

  // What a map looks at, in words that the measured shares allow.
  const verdict = (ui, map, stack) => {
    const percent = x => ui.number(100 * x, 0), what = map.what ? ui.say(`attention_to_${map.what}`) : "";
    const values = { what, percent: percent(map.shares[map.what]), chance: percent(map.chance[map.what]), bits: ui.number(map.bits, 1), most: ui.number(map.most_bits, 1), places: ui.number(2 ** map.bits, 0), of: ui.number(2 ** map.most_bits, 0) };
    return `${ui.say(`attention_rule_${map.rule}`, values)} ${ui.say("attention_rule_bits", values)}`;
  };
  const short = (ui, map) => (map.what ? ui.say(`attention_short_${map.what}`) : ui.say(`attention_short_${map.rule}`));

  ttskit.widget("attention-grid", (root, spec, ui) => {
    const own = { stack: 0, layer: 0, head: 0 };
    return linked(root, free, ui, () => {
      const stack = spec.stacks[own.stack], tokens = stack.place === "token";
      if (tokens) Object.assign(own, { layer: Math.min(state.layer, stack.layers.length - 1), head: state.head });
      own.layer = Math.min(own.layer, stack.layers.length - 1);
      own.head = Math.min(own.head, stack.layers[own.layer].heads.length - 1);
      const open = (layer, head) => { Object.assign(own, { layer, head }); if (tokens) change({ layer, head }); else ui.redraw(); };
      const small = (layer, l, h) => {
        const all = ui.array(layer.weights), N = all.shape[1], map = rows(all, h, N * N), canvas = ui.el("canvas", { width: N, height: N, style: "width:7rem;height:7rem;image-rendering:pixelated;display:block", "aria-hidden": "true" });
        const context = canvas.getContext("2d"), top = map.data.reduce((a, b) => Math.max(a, b), 1e-9);
        for (let r = 0; r < N; r++) for (let c = 0; c < N; c++) { context.fillStyle = ui.shade(map.data[r * N + c] / top); context.fillRect(c, r, 1, 1); }
        const name = `${ui.say("layer")} ${layer.number}, ${ui.say("head")} ${h + 1}`;
        return ui.el("button", { type: "button", "aria-pressed": String(l === own.layer && h === own.head), "aria-label": `${name}: ${short(ui, layer.heads[h])}`, style: "display:flex;flex-direction:column;justify-content:flex-start;padding:.3rem;text-align:left;width:7.8rem", onclick: () => open(l, h) }, canvas,
          ui.el("span", { style: "display:block;font-size:.8rem;line-height:1.2;margin-top:.3rem" }, name, ui.el("br"), ui.el("span", { class: "soft" }, short(ui, layer.heads[h]))));
      };
      const layer = stack.layers[own.layer], map = layer.heads[own.head], all = ui.array(layer.weights), N = all.shape[1];
      const axis = (name, one) => (tokens ? { name, labels: stack.tokens } : { name, labels: undefined, ...one });
      const shares = stack.kinds.map(kind => map.shares[kind]), chance = stack.kinds.map(kind => map.chance[kind]);
      const mine = tokens ? Array.from(rows(all, own.head, N * N).data.subarray(state.token * N, (state.token + 1) * N)) : [];
      const three = mine.map((_, j) => j).sort((a, b) => mine[b] - mine[a]).slice(0, 3);
      const row = tokens ? said(ui, "attention_row", { token: stack.tokens[state.token], list: three.map(j => ui.say("attention_quoted", { token: stack.tokens[j], place: j + 1, percent: ui.number(100 * mine[j], 0) })).join(", ") }) : null;
      const favourite = tokens ? said(ui, "attention_favourite", { token: stack.tokens[map.favourite], place: map.favourite + 1, percent: ui.number(100 * map.favourite_share, 0) }) : null;
      show(root, [
        spec.stacks.length > 1 ? ui.choices({ label: ui.say("attention_stack"), value: own.stack, options: spec.stacks.map((one, value) => ({ value, name: `${one.label}: ${ui.say(one.side)}` })), onchange: to => { Object.assign(own, { stack: to, layer: 0, head: 0 }); ui.redraw(); } }) : null,
        ui.el("div", { class: "row", role: "group", "aria-label": ui.say("attention_maps"), style: "align-items:stretch" }, stack.layers.flatMap((one, l) => one.heads.map((_, h) => small(one, l, h)))),
        title(ui, "attention_opened", { layer: layer.number, head: own.head + 1, run: stack.label }),
        ui.el("p", { "aria-live": "polite", style: "margin:.2rem 0" }, verdict(ui, map, stack)),
        row, favourite,
        ui.heat({ values: rows(all, own.head, N * N), rows: axis("query"), columns: axis("key"), scale: "share", height: Math.min(460, Math.max(260, 13 * N)), digits: 3, marks: tokens ? [{ row: state.token }] : [], label: ui.say("attention_map_label", { layer: layer.number, head: own.head + 1 }), onpick: r => { if (tokens) change({ token: r }); }, host: root }),
        layer.every > 1 ? ui.el("p", { class: "soft", style: "margin:.2rem 0" }, ui.say("attention_every", { n: layer.every })) : null,
        ui.el("table", { class: "attention-shares", style: "border-collapse:collapse;font-size:.9rem;margin:.5rem 0" },
          ui.el("thead", {}, ui.el("tr", {}, ["attention_looks_at", "attention_share", "attention_chance"].map((key, i) => ui.el("th", { scope: "col", style: `text-align:${i ? "right" : "left"};padding:.15rem .8rem .15rem 0` }, ui.say(key))))),
          ui.el("tbody", {}, stack.kinds.map((kind, i) => ui.el("tr", {}, ui.el("th", { scope: "row", style: "text-align:left;font-weight:400;padding:.15rem .8rem .15rem 0" }, ui.say(`attention_to_${kind}`)), [shares[i], chance[i]].map(x => ui.el("td", { style: "text-align:right;padding:.15rem .8rem .15rem 0;font-variant-numeric:tabular-nums" }, `${ui.number(100 * x, 0)} %`)))))),
      ]);
    });
  });

  ttskit.widget("attention-without", (root, spec, ui) => {
    const own = { stack: 0, variant: 0 };
    const named = one => (one.kind === "head_off" ? ui.say("attention_head_off", { layer: one.layer, head: one.head }) : ui.say(`attention_${one.kind}`));
    const bar = one => (one.kind === "head_off" ? `${one.layer}.${one.head}` : ui.say(`attention_bar_${one.kind}`));
    return linked(root, free, ui, () => {
      const stack = spec.stacks[own.stack], chosen = stack.variants[own.variant], plain = stack.plain;
      const choose = variant => { own.variant = variant; ui.redraw(); };
      const mels = [plain.mel, chosen.mel].filter(Boolean).map(ref => ui.array(ref));
      let low = Infinity, high = -Infinity;
      for (const { data } of mels) for (const x of data) { if (x < low) low = x; if (x > high) high = x; }
      const mel = (values, name) => [ui.el("p", { style: "margin:.5rem 0 .1rem;font-weight:600" }, name), ui.heat({ values, rows: { name: "band", up: true }, columns: { name: "frame" }, scale: "mel", range: [low, high], height: 130, label: `${ui.say("mel")}: ${name}`, host: root })];
      const missing = ui.say("attention_missing", { what: named(chosen) }), frames = chosen.frames - plain.frames, seconds = frames * stack.step_s;
      const parts = [
        spec.stacks.length > 1 ? ui.choices({ label: ui.say("attention_stack"), value: own.stack, options: spec.stacks.map((one, value) => ({ value, name: `${one.label}: ${ui.say(one.side)}` })), onchange: to => { Object.assign(own, { stack: to, variant: 0 }); ui.redraw(); } }) : null,
        ui.choices({ label: ui.say("attention_take_away"), value: own.variant, options: stack.variants.map((one, value) => ({ value, name: named(one) })), onchange: choose }),
        title(ui, "attention_differences", {}),
        ui.bars({ values: stack.variants.map(one => one.db), labels: stack.variants.map(bar), chosen: own.variant, digits: 1, height: 130, label: ui.say("attention_differences", {}), onpick: choose, host: root }),
        said(ui, "attention_changed", { what: named(chosen), db: ui.number(chosen.db, 1), frames: frames === 0 ? ui.say("attention_as_long") : ui.say(frames > 0 ? "attention_longer" : "attention_shorter", { seconds: ui.number(Math.abs(seconds), 2) }) }),
        ui.el("div", { class: "row" }, plain.audio ? ui.player(plain, ui.say("attention_plain")) : null, chosen.audio ? ui.player(chosen, missing) : null, chosen.audio ? null : ui.el("span", { class: "soft" }, ui.say("attention_not_heard"))),
        mel(mels[0], ui.say("attention_plain")),
        chosen.mel ? mel(mels[1], missing) : ui.el("p", { class: "note" }, ui.say("attention_not_seen")),
      ];
      const cells = [];
      if (chosen.weights && stack.weights) {
        const layer = Math.min(state.layer, stack.weights.length - 1);
        const map = (ref, key) => host => {
          const all = ui.array(ref), N = all.shape[1], head = Math.min(state.head, all.shape[0] - 1), names = { layer: stack.numbers[layer], head: head + 1 };
          return [title(ui, key, names), ui.heat({ values: rows(all, head, N * N), rows: { name: "query", labels: stack.tokens }, columns: { name: "key", labels: stack.tokens }, scale: "share", range: [0, 1], height: Math.max(200, 12 * N), digits: 3, label: ui.say(key, names), host })];
        };
        cells.push(map(stack.weights[layer], "attention_map_plain"), map(chosen.weights[layer], "attention_map_unscaled"));
      }
      show(root, parts, cells);
    });
  });
})();
