"use strict";
// From text to symbols to vectors.
//   ui.runs(runs, state, draw)     buttons of which run is shown, where there are several; state.run is its place in the list
//   ui.mark(kind, x, y, size)      the shape and colour of a kind of symbol, as SVG
//   ui.kinds(kinds)                a legend of them
(() => {
  const SHAPES = { vowel_stressed: ["c0", "disc"], vowel: ["c0", "ring"], stop: ["c1", "square"], fricative: ["c2", "diamond"], nasal: ["c3", "triangle"], liquid: ["c4", "plus"], sound: ["c1", "ring"], mark: ["c5", "cross"], space: ["c5", "cross"], edge: ["c5", "bars"], pad: ["c5", "cross"], unknown: ["c0", "cross"] };
  ttskit.ui.mark = (kind, x, y, size = 6) => {
    const ui = ttskit.ui, [name, shape] = SHAPES[kind] || SHAPES.sound, color = ui.color(name), thin = { fill: "none", stroke: color, "stroke-width": 2.2 };
    const path = (d, filled) => ui.svg("path", filled ? { d, fill: color } : { d, ...thin });
    if (shape === "disc") return ui.svg("circle", { cx: x, cy: y, r: size, fill: color });
    if (shape === "ring") return ui.svg("circle", { cx: x, cy: y, r: size - 1, ...thin });
    if (shape === "square") return ui.svg("rect", { x: x - size + 1, y: y - size + 1, width: 2 * size - 2, height: 2 * size - 2, fill: color });
    if (shape === "diamond") return path(`M${x},${y - size}l${size},${size}l${-size},${size}l${-size},${-size}z`, true);
    if (shape === "triangle") return path(`M${x},${y - size}l${size},${2 * size - 1}h${-2 * size}z`, true);
    if (shape === "plus") return path(`M${x - size},${y}h${2 * size}M${x},${y - size}v${2 * size}`);
    if (shape === "bars") return path(`M${x - 3},${y - size}v${2 * size}M${x + 3},${y - size}v${2 * size}`);
    return path(`M${x - size + 1},${y - size + 1}l${2 * size - 2},${2 * size - 2}m0,${2 - 2 * size}l${2 - 2 * size},${2 * size - 2}`);
  };
  ttskit.ui.kinds = kinds => {
    const ui = ttskit.ui;
    return ui.el("ul", { class: "legend" }, Object.keys(SHAPES).filter(kind => kinds.includes(kind)).map(kind => ui.el("li", { style: "display:flex;gap:.35rem;align-items:center" }, ui.svg("svg", { width: 16, height: 16, "aria-hidden": "true" }, ui.mark(kind, 8, 8)), ui.say(`kind_${kind}`))));
  };
  ttskit.ui.runs = (runs, state, draw) => {
    const ui = ttskit.ui;
    return runs.length < 2 ? [] : [ui.choices({ label: ui.say("model"), value: state.run, options: runs.map((one, i) => ({ value: i, name: one.label })), onchange: i => { state.run = i; draw(); } })];
  };
  const chip = "display:inline-flex;flex-direction:column;align-items:center;gap:.1rem;min-width:2rem;padding:.2rem .4rem";
  const press = (buttons, chosen) => buttons.forEach(([button, on]) => button.setAttribute("aria-pressed", String(on(chosen))));

  ttskit.widget("reading.words", (root, spec, ui) => {
    let chosen = Math.max(0, spec.words.findIndex(word => word.stress !== null && word.syllables.length > 1));
    return () => {
      const buttons = [], told = ui.el("div", { "aria-live": "polite", style: "min-height:5.5rem" });
      const choose = i => {
        chosen = i;
        press(buttons, i);
        const word = spec.words[i];
        const syllables = word.syllables.flatMap((one, k) => [k ? "·" : "", k === word.stress ? ui.el("strong", { style: `color:var(--c0);text-decoration:underline` }, one) : one]);
        const line = (name, ...said) => ui.el("div", {}, ui.el("span", { class: "soft" }, `${name}: `), ...said);
        told.replaceChildren(
          line(ui.say("word"), word.text),
          line(ui.say("syllables"), ...(syllables.length ? syllables : ["–"]), " ", ui.el("span", { class: "soft" }, word.stress === null ? ui.say("unstressed_word") : "")),
          line(ui.say("sounds"), `/${word.phonemes.join(" ")}/`));
      };
      const button = (content, on, listen, name) => {
        const one = ui.el("button", { type: "button", style: chip, "aria-label": name }, content);
        ["click", "mouseenter", "focus"].forEach(event => one.addEventListener(event, () => choose(listen)));
        buttons.push([one, on]);
        return one;
      };
      const typed = spec.pieces.map(piece => {
        if (piece.class === "unknown") return ui.el("span", { title: ui.say("unread"), style: `color:var(--warn);text-decoration:line-through;padding:.3rem .2rem` }, piece.text);
        if (!piece.words.length) return piece.text.trim() ? ui.el("span", { style: "padding:.3rem .1rem" }, piece.text) : null;
        const same = piece.spoken.toLowerCase() === piece.text.toLowerCase();
        return button([piece.text, same ? null : ui.el("small", { class: "soft" }, `→ ${piece.spoken}`)], i => piece.words.includes(i), piece.words[0], `${piece.text}: ${piece.spoken}`);
      });
      const marked = token => [token.symbol, ui.svg("svg", { width: 16, height: 16, "aria-hidden": "true", style: "background:var(--card);border-radius:50%" }, ui.mark(token.kind, 8, 8, 5))];
      const symbols = spec.tokens.map(token => token.known
        ? token.word === null ? ui.el("span", { style: chip, title: ui.say(`kind_${token.kind}`) }, ...marked(token)) : button(marked(token), i => token.word === i, token.word, `${token.symbol}: ${spec.words[token.word].text}`)
        : ui.el("span", { title: ui.say("unknown_symbol"), style: `color:var(--warn);text-decoration:line-through;padding:.3rem` }, token.symbol));
      const head = key => ui.el("div", { class: "soft", style: "margin-top:.5rem" }, ui.say(key));
      root.replaceChildren(head("typed"), ui.el("div", { class: "tokens", role: "group", "aria-label": ui.say("typed"), style: "align-items:center" }, typed), told, head("given"), ui.el("div", { class: "tokens", role: "group", "aria-label": ui.say("given") }, symbols), ui.kinds(spec.tokens.map(token => token.kind)));
      if (spec.words.length) choose(chosen);
    };
  });

  const described = (ui, features) => {
    const order = features.type === "vowel" ? ["type", "height", "backness", "rounding"] : ["type", "manner", "place", "voicing"];
    const words = order.filter(name => features[name]).map(name => ui.say(`feature_${features[name]}`));
    if (features.type === "vowel") words.push(ui.say(features.stress && features.stress !== "no" ? "feature_stressed" : "feature_unstressed"));
    return words.join(", ");
  };
  ttskit.widget("reading.symbols", (root, spec, ui) => {
    let chosen = Math.max(0, spec.tokens.findIndex(token => token.kind === "vowel_stressed"));
    return () => {
      const told = ui.el("div", { "aria-live": "polite", style: "min-height:5rem" }), buttons = [];
      const choose = i => {
        chosen = i;
        press(buttons, i);
        const token = spec.tokens[i], same = spec.tokens.filter(one => one.symbol === token.symbol).length;
        const lines = [ui.say("symbol_place", { place: i + 1, count: spec.tokens.length })];
        lines.push(token.known ? ui.say("symbol_number", { symbol: token.symbol, id: token.id, table: spec.table }) : ui.say("unknown_symbol"));
        lines.push(described(ui, token.features) || ui.say(`kind_${token.kind}`));
        if (token.word !== null) lines.push(ui.say("symbol_word", { word: spec.words[token.word] }));
        lines.push(ui.say(same === 1 ? "symbol_once" : "symbol_times", { count: same }));
        told.replaceChildren(...lines.map(line => ui.el("div", {}, line)));
      };
      const list = spec.tokens.map((token, i) => {
        const one = ui.el("button", { type: "button", style: chip + (token.known ? "" : `;color:var(--warn);text-decoration:line-through`), "aria-label": `${ui.say("token")} ${i + 1}: ${token.symbol}`, onclick: () => choose(i), onfocus: () => choose(i) }, token.symbol, ui.el("small", { class: "soft", style: "font-size:.7rem" }, token.known ? String(token.id) : "?"));
        buttons.push([one, k => k === i]);
        return one;
      });
      root.replaceChildren(ui.el("div", { class: "tokens", role: "group", "aria-label": ui.say("given") }, list), told);
      choose(chosen);
    };
  });

  ttskit.widget("reading.vectors", (root, spec, ui) => {
    const state = { run: 0 };
    const draw = () => {
      const run = spec.runs[state.run], values = ui.array(run.values);
      root.replaceChildren(...ui.runs(spec.runs, state, draw), ui.heat({ values, rows: { name: "token", labels: run.tokens }, columns: { name: "channel" }, scale: "signed", height: Math.max(160, 13 * run.tokens.length), label: ui.say("vectors_label", { rows: values.shape[0], columns: values.shape[1] }), host: root }));
    };
    return draw;
  });

  ttskit.widget("reading.neighbours", (root, spec, ui) => {
    const state = { run: 0, symbol: null };
    const draw = () => {
      const run = spec.runs[state.run], told = ui.el("div", { "aria-live": "polite" }), buttons = [];
      if (!run.symbols.includes(state.symbol)) state.symbol = ["ˈa", "a"].find(one => run.symbols.includes(one)) || run.symbols[run.kinds.findIndex(kind => !["mark", "space", "edge"].includes(kind))] || run.symbols[0];
      const show = () => {
        const at = run.symbols.indexOf(state.symbol), wide = Math.min(ui.width(root), 640), tall = 30, from = 92, to = wide - 58;
        press(buttons, at);
        const place = ui.scale(-1, 1, from, to), zero = place(0);
        const words = run.near[at].map(([j, cosine]) => `${run.symbols[j]} ${ui.number(cosine, 2)}`).join(", ");
        const picture = ui.svg("svg", { width: wide, height: tall * run.near[at].length + 24, role: "img", "aria-label": ui.say("neighbours_label", { symbol: state.symbol, list: words }) });
        for (const tick of [-1, 0, 1]) picture.append(ui.svg("line", { class: "axis", x1: place(tick), x2: place(tick), y1: 0, y2: tall * run.near[at].length }), ui.svg("text", { class: "soft", x: place(tick), y: tall * run.near[at].length + 16, "text-anchor": "middle" }, ui.number(tick, 0)));
        run.near[at].forEach(([j, cosine], k) => {
          const y = tall * k + tall / 2;
          picture.append(ui.mark(run.kinds[j], 14, y), ui.svg("text", { x: 30, y: y + 5, "font-size": 15 }, run.symbols[j]), ui.svg("rect", { x: Math.min(zero, place(cosine)), y: y - 9, width: Math.max(1, Math.abs(place(cosine) - zero)), height: 18, fill: ui.color("c1") }), ui.svg("text", { x: wide - 4, y: y + 5, "text-anchor": "end" }, ui.number(cosine, 2)));
        });
        told.replaceChildren(ui.el("p", {}, ui.say("neighbours_of", { symbol: state.symbol })), picture);
      };
      const list = run.symbols.map((symbol, i) => {
        const said = run.said.includes(symbol), name = symbol === " " ? "␣" : symbol;
        const one = ui.el("button", { type: "button", style: chip + (said ? ";border-width:2px" : ""), "aria-label": `${symbol === " " ? ui.say("kind_space") : symbol}, ${ui.say(`kind_${run.kinds[i]}`)}`, onclick: () => { state.symbol = symbol; show(); } }, name);
        buttons.push([one, k => k === i]);
        return one;
      });
      root.replaceChildren(...ui.runs(spec.runs, state, draw), ui.el("div", { class: "tokens", role: "group", "aria-label": ui.say("all_symbols") }, list), told, ui.kinds(run.kinds));
      show();
    };
    return draw;
  });

  ttskit.widget("reading.map", (root, spec, ui) => {
    const state = { run: 0 };
    const draw = () => {
      const run = spec.runs[state.run], wide = ui.width(root), tall = Math.min(560, Math.max(340, wide * 0.75)), edge = 30;
      const xs = run.places.map(p => p[0]), ys = run.places.map(p => p[1]);
      const sx = ui.scale(Math.min(...xs), Math.max(...xs), edge + 14, wide - edge), sy = ui.scale(Math.min(...ys), Math.max(...ys), tall - edge - 22, edge);
      const axis = k => ui.say("component", { number: k + 1, share: ui.number(100 * run.shares[k], 0) });
      const picture = ui.svg("svg", { width: wide, height: tall, role: "img", "aria-label": ui.say("map_label", { count: run.symbols.length, share: ui.number(100 * (run.shares[0] + run.shares[1]), 0) }) });
      picture.append(ui.svg("rect", { class: "axis", x: 22, y: 4, width: wide - 26, height: tall - 28, rx: 8 }), ui.svg("text", { class: "soft", x: wide / 2, y: tall - 6, "text-anchor": "middle" }, axis(0)), ui.svg("text", { class: "soft", x: 12, y: (tall - 24) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(tall - 24) / 2})` }, axis(1)));
      for (const [a, b] of run.pairs) picture.append(ui.svg("line", { x1: sx(xs[a]), y1: sy(ys[a]), x2: sx(xs[b]), y2: sy(ys[b]), stroke: ui.color("c0"), "stroke-width": 1, "stroke-dasharray": "3 3" }));
      const taken = run.places.map(p => [sx(p[0]) - 7, sy(p[1]) - 7, 14, 14]);
      const free = box => taken.filter(t => box[0] < t[0] + t[2] && t[0] < box[0] + box[2] && box[1] < t[1] + t[3] && t[1] < box[1] + box[3]).length;
      run.symbols.forEach((symbol, i) => {
        const x = sx(xs[i]), y = sy(ys[i]), text = ui.short(symbol), said = run.said.includes(symbol), width = 8.5 * text.length + 2;
        const tries = [[x + 9, y - 8], [x - 9 - width, y - 8], [x - width / 2, y - 25], [x - width / 2, y + 9], [x + 7, y - 21], [x + 7, y + 5], [x - 7 - width, y - 21], [x - 7 - width, y + 5]].map(([a, b]) => [a, b, width, 16]).filter(box => box[0] > 24 && box[0] + width < wide - 4 && box[1] > 4 && box[1] + 16 < tall - 24);
        const box = tries.map(one => [free(one), one]).sort((a, b) => a[0] - b[0])[0]?.[1] || [x + 9, y - 8, width, 16];
        taken.push(box);
        picture.append(ui.mark(run.kinds[i], x, y), ui.svg("text", { x: box[0] + 1, y: box[1] + 13, "font-size": 14, "font-weight": said ? 700 : 400 }, text));
      });
      root.replaceChildren(...ui.runs(spec.runs, state, draw), picture, ui.kinds(run.kinds));
    };
    return draw;
  });

  ttskit.widget("reading.goal", (root, spec, ui) => {
    const state = { run: 0 };
    const draw = () => {
      const run = spec.runs[state.run];
      root.replaceChildren(...ui.runs(spec.runs, state, draw), ui.el("div", { class: "row" }, ui.player(run.audio, run.label)), ui.heat({ values: ui.array(run.values), rows: { name: "band", up: true }, columns: { name: "frame" }, scale: "mel", height: 200, label: `${ui.say("mel")}, ${run.label}`, host: root }));
    };
    return draw;
  });
})();
