// Goes over the page as a reader would, inside any browser, and says what it found: an expression that gives an async function.
//   shown(figure)   what a figure shows, its controls' own looks left out: a control that changes nothing else is dead
(async () => {
  const pause = ms => new Promise(done => setTimeout(done, ms));
  const frame = () => new Promise(done => { requestAnimationFrame(() => done()); setTimeout(done, 50); });
  const hash = text => { let h = 0; for (let i = 0; i < text.length; i++) h = (h * 31 + text.charCodeAt(i)) | 0; return h; };
  const shown = figure => {
    const copy = figure.cloneNode(true);
    copy.querySelectorAll("button, input, select, label, output").forEach(node => node.remove());
    const sounds = [...figure.querySelectorAll("button.player")].map(button => button.sound && button.sound.src);
    return hash([copy.innerHTML, ...[...figure.querySelectorAll("canvas")].map(canvas => canvas.toDataURL()), ...sounds].join("\n"));
  };
  const name = node => node.getAttribute("aria-label") || node.textContent.trim() || node.type || node.tagName;
  const controls = figure => [...figure.querySelectorAll("button:not(.player), input, select")];
  const changes = async (figure, before) => {
    for (let tries = 0; tries < 12; tries++) {
      if (shown(figure) !== before) return true;
      if (tries) await pause(40); else await frame();
    }
    return false;
  };
  const positions = node => {
    const low = +node.min, high = +node.max, size = (high - low) / Math.max(1, +node.step || 1);
    return [high, low, Math.round((low + high) / 2)].filter((one, i, all) => size && all.indexOf(one) === i && one !== +node.value);
  };
  const set = (node, value) => { node.value = value; node.dispatchEvent(new Event("input", { bubbles: true })); node.dispatchEvent(new Event("change", { bubbles: true })); };

  await ttskit.all();
  const found = { figures: 0, touched: 0, dead: [], unready: [], covered: [], nameless: [], lost: [], notMade: [], untold: [], missing: [], wide: [] };
  for (const figure of document.querySelectorAll("[data-figure]")) {
    const key = figure.dataset.figure, card = figure.closest(".card");
    found.figures++;
    if (figure.querySelector(".drawn").dataset.ready !== "true" || !figure.querySelector(".drawn").childElementCount) { found.unready.push(key); continue; }
    if (!card.querySelector(".try") && (controls(figure).length || figure.querySelector("button.player"))) found.untold.push(card.id);
    figure.scrollIntoView({ behavior: "instant", block: "center" });
    await frame();
    const count = controls(figure).length;
    for (let i = 0; i < count; i++) {
      let node = controls(figure)[i];
      if (!node || node.disabled) continue;
      if (!name(node)) found.nameless.push(`${key} ${i}`);
      if (node.tagName === "BUTTON" && node.getAttribute("aria-pressed") === "true" && !node.hasAttribute("data-toggle")) continue;  // chosen already
      const values = node.type === "range" ? positions(node) : node.tagName === "SELECT" ? [...node.options].map(one => one.value).filter(one => one !== node.value) : [null];
      for (const value of values) {
        node = controls(figure)[i];
        if (!node) break;
        const before = shown(figure), label = `${key}: ${name(node)}${value === null ? "" : ` = ${value}`}`;
        found.touched++;
        if (value === null) { node.focus({ preventScroll: true }); node.click(); } else { node.focus({ preventScroll: true }); set(node, value); }
        if (!(await changes(figure, before))) found.dead.push(label);
        await frame();
        if (document.activeElement === document.body) found.lost.push(label);
        if (node.type === "range" && !node.isConnected) found.lost.push(`${label}: the slider was drawn anew while it was held`);
        if (figure.textContent.includes(ttskit.ui.say("not_made"))) found.notMade.push(label);
      }
    }
    if (figure.scrollWidth > figure.clientWidth + 1) found.wide.push(`${key}: ${figure.scrollWidth} > ${figure.clientWidth}`);
  }
  found.missing = [...ttskit.missing];
  return found;
})
