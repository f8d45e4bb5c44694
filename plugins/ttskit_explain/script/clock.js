"use strict";
// The clock: what a frame waits for, when it was there, what a longer sentence costs, a mistake, chance, hard sentences.
(() => {
  const ui = ttskit.ui, kind = run => ui.say(`clock_${run.decoding}`), color = i => `c${i % 6}`, DASHES = [null, "7 4", "2 3", "9 3 2 3", "1 4"];
  const named = run => `${run.label} (${kind(run)})`;
  const table = (head, rows) => ui.el("div", { style: "overflow-x:auto", "data-scrolls": true, tabindex: "0", role: "group", "aria-label": head.join(", ") }, ui.el("table", { style: "border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums" },
    ui.el("thead", {}, ui.el("tr", {}, head.map(name => ui.el("th", { scope: "col", style: "text-align:left;padding:.15rem .9rem .15rem 0;font-weight:600" }, name)))),
    ui.el("tbody", {}, rows.map(row => ui.el("tr", {}, row.map((cell, i) => ui.el(i ? "td" : "th", { scope: i ? null : "row", style: "text-align:left;font-weight:400;padding:.15rem .9rem .15rem 0;border-top:1px solid var(--line)" }, cell)))))));
  // Columns side by side where there is room; they stand in the page before they are filled, so that pictures know their width.
  const columns = (root, runs, fill) => {
    const grid = ui.el("div", { style: "display:grid;gap:.6rem 1.4rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr))" });
    root.append(grid);
    const cells = runs.map(run => ui.el("div", { style: "min-width:0" }, ui.el("p", { style: "margin:.4rem 0 .2rem" }, ui.el("strong", {}, run.label), ` (${kind(run)})`)));
    grid.append(...cells);
    runs.forEach((run, i) => fill(cells[i], run, i));
  };

  // Rectangles around cells of a heat map with `size` [rows, columns], over its picture: {rows: [first, last], columns?}.
  const outline = (heat, [R, C], boxes) => {
    const canvas = heat.querySelector("canvas"), left = parseFloat(canvas.style.marginLeft), wide = parseFloat(canvas.style.width), tall = parseFloat(canvas.style.height);
    for (const { rows: [a, b], columns: [c, d] = [0, C - 1] } of boxes) heat.querySelector("svg").append(ui.svg("rect", { x: left + c / C * wide, y: a / R * tall, width: (d - c + 1) / C * wide, height: (b - a + 1) / R * tall, fill: "none", stroke: ui.color("c0"), "stroke-width": 2 }));
    return heat;
  };

  // -- what a frame waits for
  ttskit.widget("clock-order", (root, spec, ui) => {
    let chosen = Math.ceil(spec.frames * 0.6);
    const row = (decoding, at, wide) => {
      const n = spec.frames, each = Math.min(64, wide / n), size = each - 10, top = 46, tall = top + size + 8;
      const before = decoding === "autoregressive" ? at - 1 : 0, middle = i => i * each + size / 2 + 4;
      const label = ui.say("clock_order_label", { kind: kind({ decoding }), frame: at, n: before });
      const picture = ui.svg("svg", { width: n * each + 8, height: tall, role: "img", "aria-label": label, "data-needs": before });
      const pattern = `clock-hatch-${decoding}`;
      picture.append(ui.svg("defs", {}, ui.svg("pattern", { id: pattern, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, ui.svg("line", { x1: 0, x2: 0, y1: 0, y2: 6, stroke: ui.color("line"), "stroke-width": 3 }))));
      for (let i = 0; i < n; i++) {
        const self = i === at - 1, used = i < before;
        picture.append(ui.svg("rect", { x: i * each + 4, y: top, width: size, height: size, rx: 5, fill: self ? ui.color("c0") : used ? ui.color("c1") : `url(#${pattern})`, stroke: self ? ui.color("c0") : used ? ui.color("c1") : ui.color("line") }));
        picture.append(ui.svg("text", { x: middle(i), y: top + size / 2 + 5, "text-anchor": "middle", "font-size": Math.min(15, size / 2.2), style: self || used ? `fill:${ui.color("card")};font-weight:600` : "" }, `y${String(i + 1).replace(/\d/g, d => "₀₁₂₃₄₅₆₇₈₉"[d])}`));
        if (used) picture.append(ui.svg("path", { d: `M${middle(i)},${top - 2} Q${(middle(i) + middle(at - 1)) / 2},${top - 12 - 6 * (at - 1 - i)} ${middle(at - 1)},${top - 3}`, fill: "none", stroke: ui.color("c1"), "stroke-width": 1.6 }));
      }
      const more = decoding === "parallel" ? ui.say("clock_needs_durations") : before === 0 ? "" : before === 1 ? ui.say("clock_needs_one") : ui.say("clock_needs_frames", { n: before });
      return ui.el("div", {}, ui.el("p", { style: "margin:.6rem 0 0" }, ui.say("clock_needs", { kind: kind({ decoding }), frame: at, more }) + "."), picture);
    };
    return () => {
      const rows = ui.el("div", {}), wide = ui.width(root) - 8;
      const show = () => rows.replaceChildren(row("autoregressive", chosen, wide), row("parallel", chosen, wide));
      root.replaceChildren(ui.slider({ label: ui.say("clock_frame"), min: 1, max: spec.frames, value: chosen, onchange: value => { chosen = value; show(); } }), rows);
      show();
    };
  });

  // -- one clock
  const STEPS = 1000;
  ttskit.widget("clock-race", (root, spec, ui) => {
    const runs = spec.runs.map((run, i) => ({ ...run, color: color(i), all: run.arrivals[run.arrivals.length - 1][1], last: run.arrivals[run.arrivals.length - 1][0] }));
    let at = Math.max(...runs.map(run => run.last)) * 0.6, playing = false; // so that what is first seen is a race
    const there = run => run.arrivals.reduce((n, [ms, count]) => (ms <= at + 1e-6 ? count : n), 0);
    const longest = Math.max(...runs.map(run => run.all * run.frame_s));
    const painted = run => {
      const { shape: [M, T], data } = ui.array(run.mel), canvas = ui.el("canvas", { width: T, height: M }), context = canvas.getContext("2d"), image = context.createImageData(T, M);
      const shades = Array.from({ length: 256 }, (_, i) => ui.shade(i / 255, "mel").match(/\d+/g).map(Number));
      let low = Infinity, high = -Infinity;
      for (const x of data) if (Number.isFinite(x)) { if (x < low) low = x; if (x > high) high = x; }
      for (let m = 0; m < M; m++) for (let t = 0; t < T; t++) image.data.set([...shades[Math.round(255 * Math.min(1, Math.max(0, (data[m * T + t] - low) / (high - low || 1))))], 255], 4 * ((M - 1 - m) * T + t));
      context.putImageData(image, 0, 0);
      return canvas;
    };
    const staircase = wide => {
      const left = 52, bottom = 38, top = 14 + 9 * runs.length, tall = 210, x = ui.scale(0, spec.total_ms, left, wide - 10), y = ui.scale(0, 1, tall - bottom, top);
      const said = runs.map(run => ui.say("clock_chart_run", { run: named(run), first: ui.number(run.arrivals[0][0], 1), last: ui.number(run.last, 1), sound: ui.number(run.last + run.vocoder_ms, 1) })).join(" ");
      const picture = ui.svg("svg", { width: wide, height: tall, role: "img", "aria-label": ui.say("clock_chart_label", { runs: said }) });
      for (const share of [0, 0.5, 1]) picture.append(ui.svg("line", { class: "axis", x1: left, x2: wide - 10, y1: y(share), y2: y(share) }), ui.svg("text", { class: "soft", x: left - 6, y: y(share) + 4, "text-anchor": "end" }, `${100 * share} %`));
      const ticks = ui.ticks(0, spec.total_ms, Math.max(2, Math.floor(wide / 110)));
      for (const tick of ticks.found) picture.append(ui.svg("text", { class: "soft", x: x(tick), y: tall - bottom + 16, "text-anchor": "middle" }, ui.number(tick, ticks.digits)));
      picture.append(ui.svg("text", { class: "soft", x: (left + wide) / 2, y: tall - 4, "text-anchor": "middle" }, ui.say("clock_ms")), ui.svg("text", { class: "soft", x: 10, y: (tall - bottom + top) / 2, transform: `rotate(-90 10 ${(tall - bottom + top) / 2})`, "text-anchor": "middle" }, ui.say("clock_share")));
      runs.forEach((run, i) => {
        let path = `M${x(0)},${y(0)}`;
        for (const [ms, count] of run.arrivals) path += `H${x(ms).toFixed(1)}V${y(count / run.all).toFixed(1)}`;
        picture.append(ui.svg("path", { d: path, fill: "none", stroke: ui.color(run.color), "stroke-width": 2.2, "stroke-dasharray": DASHES[i % DASHES.length] }));
        const over = top - 8 - 9 * i;
        picture.append(ui.svg("line", { x1: x(run.last), x2: x(run.last), y1: y(1), y2: over, stroke: ui.color(run.color), "stroke-width": 1 }), ui.svg("line", { x1: x(run.last), x2: x(run.last + run.vocoder_ms), y1: over, y2: over, stroke: ui.color(run.color), "stroke-width": 6 }));
      });
      const cursor = ui.svg("line", { y1: 0, y2: tall - bottom, stroke: ui.color("ink"), "stroke-width": 1.5 });
      picture.append(cursor);
      return { picture, move: () => { cursor.setAttribute("x1", x(at)); cursor.setAttribute("x2", x(at)); } };
    };
    return () => {
      const wide = ui.width(root), step = spec.total_ms / STEPS;
      const rows = runs.map((run, i) => {
        const shown = ui.el("canvas", { width: run.all, height: 80, role: "img", "aria-label": ui.say("clock_mel_label", { run: named(run) }), style: `width:${Math.round(wide * run.all * run.frame_s / longest)}px;height:84px;border:1px solid var(--line);border-radius:4px;image-rendering:pixelated` });
        const status = ui.el("span", { class: "soft", "data-status": run.label }), full = painted(run);
        shown.height = full.height;
        const swatch = ui.svg("svg", { width: 26, height: 10, "aria-hidden": "true", style: "display:inline-block;margin-right:.4em" }, ui.svg("line", { x1: 0, x2: 26, y1: 5, y2: 5, stroke: ui.color(run.color), "stroke-width": 3, "stroke-dasharray": DASHES[i % DASHES.length] }));
        const show = () => {
          const n = there(run), context = shown.getContext("2d");
          context.clearRect(0, 0, shown.width, shown.height);
          if (n) context.drawImage(full, 0, 0, n, full.height, 0, 0, n, full.height);
          status.textContent = !n ? ui.say("clock_waiting") : n < run.all ? ui.say("clock_so_far", { n, all: run.all }) : at + 1e-6 < run.last + run.vocoder_ms ? ui.say("clock_vocoding") : ui.say("clock_done");
        };
        return { show, part: ui.el("div", { style: "margin:.5rem 0" }, ui.el("div", { class: "row" }, swatch, ui.el("strong", {}, run.label), ` (${kind(run)}) · `, status), shown, ui.el("div", { class: "row" }, ui.player(run.audio, ui.say("hear")))) };
      });
      const stairs = staircase(wide);
      const button = ui.el("button", { type: "button", onclick: () => { playing = !playing; if (playing) { if (at >= spec.total_ms) at = 0; start(); } else update(); } });
      const slider = ui.slider({ label: ui.say("clock_time"), min: 0, max: STEPS, value: Math.round(at / step), show: k => `${ui.number(k * step, 1)} ms`, onchange: k => { playing = false; at = k * step; update(); } });
      const input = slider.querySelector("input"), output = slider.querySelector("output");
      const update = () => {
        button.textContent = playing ? `■ ${ui.say("clock_stop")}` : `▶ ${ui.say("clock_play")}`;
        if (document.activeElement !== input || playing) { input.value = Math.round(at / step); output.textContent = `${ui.number(at, 1)} ms`; input.setAttribute("aria-valuetext", output.textContent); }
        rows.forEach(one => one.show());
        stairs.move();
      };
      const start = () => {
        let before = performance.now();
        const turn = now => {
          if (!playing || !button.isConnected) { playing = false; return; }
          at = Math.min(spec.total_ms, at + Math.max(0, now - before) / spec.slow);
          before = now;
          if (at >= spec.total_ms) playing = false;
          update();
          if (playing) requestAnimationFrame(turn);
        };
        update();
        requestAnimationFrame(turn);
      };
      playing = false;
      const number = (x, digits) => ui.number(x, digits);
      const facts = table([ui.say("clock_run"), `${ui.say("clock_first")}, ms`, `${ui.say("clock_last")}, ms`, `${ui.say("clock_vocoder")}, ms`, `${ui.say("clock_speech")}, s`, ui.say("clock_faster")],
        runs.map(run => [named(run), number(run.arrivals[0][0], 1), number(run.last, 1), number(run.vocoder_ms, 1), number(run.all * run.frame_s, 2), number(1e3 * run.all * run.frame_s / (run.last + run.vocoder_ms), 1)]));
      root.replaceChildren(ui.el("div", { class: "row" }, button, slider, ui.el("span", { class: "soft" }, ui.say("clock_slowed", { n: spec.slow }))), ...rows.map(one => one.part), stairs.picture, facts);
      update();
    };
  });

  // -- longer sentences
  ttskit.widget("clock-lengths", (root, spec, ui) => {
    let zoom = "models";
    const draw = () => {
      const series = spec.runs.map((run, i) => ({ name: named(run), values: run.ms, color: color(i) }));
      if (zoom === "speech") spec.runs.forEach((run, i) => series.push({ name: ui.say("clock_speech_of", { run: run.label }), values: run.seconds.map(s => (s === null ? NaN : 1e3 * s)), color: color(i), dash: "6 4" }));
      const many = spec.words.length - 1;
      const said = spec.runs.map(run => ui.say("clock_lengths_run", { run: run.label, first: ui.number(run.ms[0], 0), few: spec.words[0], last: ui.number(run.ms[many], 0), many: spec.words[many] })).join(" ");
      const chart = ui.lines({ series: series.map(one => ({ ...one, values: one.values.map(v => (v === null ? NaN : v)) })), x: spec.words, low: 0, xlabel: ui.say("clock_words"), ylabel: ui.say("clock_wait"), label: ui.say("clock_lengths_label", { runs: said }), height: 240, host: root });
      root.replaceChildren(
        ui.choices({ label: ui.say("clock_zoom"), value: zoom, options: [{ value: "models", name: ui.say("clock_models") }, { value: "speech", name: ui.say("clock_with_speech") }], onchange: value => { zoom = value; draw(); } }),
        chart,
        table([ui.say("clock_words"), ...spec.runs.flatMap(run => [`${run.label}, ms`, `${ui.say("clock_speech_of", { run: run.label })}, s`])],
          spec.words.map((words, i) => [`${words}${spec.times[i] > 1 ? ` (${spec.times[i]} ×)` : ""}`, ...spec.runs.flatMap(run => [ui.number(run.ms[i], 1), ui.number(run.seconds[i], 2)])])));
    };
    return draw;
  });

  // -- a mistake
  ttskit.widget("clock-mistake", (root, spec, ui) => {
    const all = spec.runs.reduce((most, run) => (run.places.length > most.length ? run.places : most), []);
    let chosen = Math.floor((all.length - 1) / 2);
    const draw = () => {
      const arrays = spec.runs.map(run => run.places[chosen] && ui.array(run.places[chosen].distance).data);
      const high = Math.max(1, ...arrays.filter(Boolean).flatMap(data => Array.from(data).filter(Number.isFinite)));
      root.replaceChildren(ui.choices({ label: ui.say("clock_place"), value: chosen, options: all.map((one, i) => ({ value: i, name: `${ui.number(one.at_s, 2)} s` })), onchange: value => { chosen = value; draw(); } }));
      columns(root, spec.runs, (cell, run, i) => {
        const place = run.places[chosen];
        if (!place) { cell.append(ui.el("p", { class: "note" }, ui.say("not_made"))); return; }
        let after = place.others ? ui.say("clock_after", { at: ui.number(place.at_s, 2), others: place.others, later: place.later, most: ui.number(place.most, 1) }) : ui.say("clock_none_after", { at: ui.number(place.at_s, 2), later: place.later });
        if (place.frames !== run.frames) after += ` ${ui.say("clock_other_length", { n: place.frames, all: run.frames })}`;
        const data = Array.from(arrays[i]), label = ui.say("clock_mistake_label", { run: named(run), at: ui.number(place.at_s, 2), after });
        cell.append(ui.el("div", { class: "row" }, ui.player(run.audio, ui.say("clock_undisturbed")), ui.player(place.audio, ui.say("clock_disturbed"))));
        cell.append(ui.heat({ values: ui.array(place.mel), rows: { name: "band", up: true }, columns: { name: "frame" }, scale: "mel", range: run.range, label: `${ui.say("mel")}: ${named(run)}`, height: 110, marks: [{ column: place.frame }], host: cell }));
        cell.append(ui.lines({ series: [{ values: data, color: color(i) }], x: data.map((_, k) => k * run.frame_s), low: 0, high, xlabel: ui.say("clock_seconds"), ylabel: ui.say("clock_distance"), label, height: 150, host: cell }));
        cell.append(ui.el("p", { "data-after": run.label }, after));
      });
    };
    return draw;
  });

  // -- chance
  // A row for each take, a box for each word, on one axis of seconds.
  const spoken = (run, takes, different, wide) => {
    const left = 60, high = 24, gap = 5, top = 4, tall = top + different.length * (high + gap) + 36;
    const end = Math.max(...different.map(one => one.seconds)), x = ui.scale(0, end, left, wide - 8), ticks = ui.ticks(0, end, Math.max(2, Math.floor(wide / 110)));
    const picture = ui.svg("svg", { width: wide, height: tall, role: "img", "aria-label": ui.say("clock_words_label", { run: named(run), said: different.map(one => `${ui.say("clock_take_of", { n: takes.indexOf(one) + 1 })}: ${one.words.map(([, word, start]) => `${word} ${ui.number(start, 2)}`).join(", ")}`).join("; ") }) });
    different.forEach((one, i) => {
      const y = top + i * (high + gap);
      picture.append(ui.svg("text", { class: "soft", x: left - 6, y: y + high / 2 + 4, "text-anchor": "end" }, ui.say("clock_take_of", { n: takes.indexOf(one) + 1 })), ui.svg("rect", { x: x(0), y, width: x(one.seconds) - x(0), height: high, fill: "none", stroke: ui.color("line") }));
      one.words.forEach(([k, word, start, stop]) => {
        const size = x(stop) - x(start);
        picture.append(ui.svg("rect", { x: x(start), y, width: Math.max(1, size - 1), height: high, rx: 3, fill: ui.color(k % 2 ? "c5" : "c1") }, ui.svg("title", {}, `${word}: ${ui.number(start, 2)}–${ui.number(stop, 2)} s`)));
        if (size > 7 * word.length + 4) picture.append(ui.svg("text", { x: x(start) + size / 2, y: y + high / 2 + 4, "text-anchor": "middle", style: `fill:${ui.color("card")}` }, word));
      });
    });
    for (const tick of ticks.found) picture.append(ui.svg("text", { class: "soft", x: x(tick), y: tall - 20, "text-anchor": "middle" }, ui.number(tick, ticks.digits)));
    picture.append(ui.svg("text", { class: "soft", x: (left + wide) / 2, y: tall - 4, "text-anchor": "middle" }, ui.say("clock_seconds")));
    return picture;
  };
  ttskit.widget("clock-chance", (root, spec, ui) => {
    let which = 0;
    const chosen = spec.runs.map(() => 0);
    const draw = () => {
      const run = spec.runs[which], takes = run.takes, first = takes[0], different = takes.filter(one => !one.same);
      const parts = [];
      if (spec.runs.length > 1) parts.push(ui.choices({ label: ui.say("clock_which"), value: which, options: spec.runs.map((one, i) => ({ value: i, name: named(one) })), onchange: value => { which = value; draw(); } }));
      if (different.length === 1) parts.push(ui.el("p", { class: "said-same" }, ui.say("clock_all_same", { n: takes.length })));
      parts.push(ui.choices({ label: ui.say("clock_take"), value: chosen[which], options: takes.map((_, i) => ({ value: i, name: String(i + 1) })), onchange: value => { chosen[which] = value; draw(); } }));
      const take = takes[chosen[which]], shown = take.same ? first : take;
      parts.push(ui.el("div", { class: "row" }, ui.player(shown.audio, ui.say("clock_take_of", { n: chosen[which] + 1 })), take.same ? ui.el("span", { class: "soft" }, ui.say("clock_same")) : null));
      if (shown.alignment) parts.push(ui.heat({ values: ui.array(shown.alignment), rows: { name: "token", labels: run.tokens }, columns: { name: "frame" }, label: `${ui.say("alignment")}: ${named(run)}, ${ui.say("clock_take_of", { n: chosen[which] + 1 })}`, height: 220, host: root }));
      if (shown.words.length) parts.push(spoken(run, takes, different, ui.width(root)));
      const pitched = different.filter(one => one.f0), contours = pitched.map(one => Array.from(ui.array(one.f0).data)), longest = Math.max(0, ...contours.map(one => one.length));
      if (longest) parts.push(ui.lines({ series: pitched.map((one, i) => ({ name: ui.say("clock_take_of", { n: takes.indexOf(one) + 1 }), values: contours[i], color: color(i), dash: DASHES[i % DASHES.length] })), x: Array.from({ length: longest }, (_, k) => k * run.frame_s), xlabel: ui.say("clock_seconds"), ylabel: ui.say("clock_f0"), label: ui.say("clock_f0_label", { run: named(run) }), height: 190, host: root }));
      else parts.push(ui.el("p", { class: "note" }, ui.say("clock_no_f0")));
      parts.push(table([ui.say("clock_take"), ui.say("clock_seed"), ui.say("clock_length"), ui.say("clock_median_f0"), ui.say("clock_mean_distance")],
        takes.map((one, i) => [String(i + 1), String(one.seed), ui.number(one.seconds, 2), ...(one.same ? [ui.say("clock_same"), ui.number(0, 2)] : [ui.number(one.f0_hz, 0), ui.number(one.mean_db, 2)])])));
      root.replaceChildren(...parts);
    };
    return draw;
  });

  // -- hard sentences
  ttskit.widget("clock-hard", (root, spec, ui) => {
    let chosen = 0;
    const draw = () => {
      const sentence = spec.sentences[chosen];
      root.replaceChildren(
        ui.choices({ label: ui.say("clock_sentence"), value: chosen, options: spec.sentences.map((one, i) => ({ value: i, name: ui.say(`clock_${one.name}`) })), onchange: value => { chosen = value; draw(); } }),
        ui.el("p", { lang: "es", "data-text": sentence.name }, `«${sentence.text}»`));
      columns(root, sentence.runs, (cell, run) => {
        if (run.robbed) cell.append(ui.el("p", { class: "note" }, `${ui.say("clock_robbed")} ${ui.say(`clock_robbed_${run.robbed}`)}`));
        const listed = run.faults.map(one => ui.say(`clock_fault_${one.kind}`, { word: one.word, token: one.token }));
        const said = listed.length ? `${ui.say("clock_faults", { n: listed.length })} ${listed.join("; ")}.` : ui.say("clock_no_fault");
        cell.append(ui.el("div", { class: "row" }, ui.player(run.audio, ui.say("hear")), run.cut ? ui.el("span", { class: "soft" }, ui.say("clock_beginning")) : null));
        if (!run.alignment) { cell.append(ui.el("p", { class: "note" }, ui.say("clock_no_alignment"))); return; }
        const values = ui.array(run.alignment), [rows, frames] = values.shape;
        const heat = ui.heat({ values, rows: { name: "token", labels: run.tokens }, columns: { name: "frame" }, label: ui.say("clock_alignment_label", { run: named(run), text: sentence.text, faults: said }), height: 260, host: cell });
        const boxes = run.faults.filter(one => one.kind !== "endless").map(one => ({ rows: one.tokens, columns: one.kind === "repeated" ? [one.frame, frames - 1] : undefined }));
        if (!run.finished) boxes.push({ rows: [0, rows - 1], columns: [Math.floor(frames * 0.985), frames - 1] });
        cell.append(outline(heat, [rows, frames], boxes));
        cell.append(ui.el("p", { "data-faults": String(run.faults.length) }, listed.length ? ui.say("clock_faults", { n: listed.length }) : said), ui.el("ul", { style: "margin:.2rem 0;padding-left:1.2rem" }, listed.map(one => ui.el("li", {}, one))));
        if (run.unknown.length) cell.append(ui.el("p", { class: "soft" }, ui.say("clock_unknown", { symbols: run.unknown.join(" ") })));
      });
    };
    return draw;
  });
})();
