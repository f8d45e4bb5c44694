"use strict";
// A listener's pages: words in the listener's language, and what every screen is drawn with.
//
// mode.js, words.js and test.js call ttskit.mode, ttskit.words and ttskit.plan; flow.js starts when all are there.
//   ttskit.say(key, values)        words of the language, {places} filled; the plan's own words come first
//   ttskit.span(key, values)       the same as HTML that follows a change of the language; ttskit.block: paragraphs and lists
//   ttskit.label(key, values)      attributes for a spoken name that follows it too
//   ttskit.speak(language)
const ttskit = (() => {
  const page = { mode: {}, words: {}, plan: null, language: "en", form: 0, listener: "" };
  const missing = new Set();
  const escape = text => String(text).replace(/[&<>"']/g, one => `&#${one.charCodeAt(0)};`);

  const own = (language, key) => (page.plan && (page.plan.words[language] || {})[key]) || undefined;
  const found = (language, key) => {
    const words = page.words[language] || {};
    return own(language, key) ?? (page.plan && words[`${key}.${page.plan.kind}`]) ?? words[key];
  };
  const say = (key, values = {}) => {
    const text = found(page.language, key) ?? found("en", key);
    if (text === undefined) missing.add(`${page.language}: ${key}`);
    return fill(text ?? key, values);
  };
  // A value that begins with "@" is words itself: "@answer.-1".
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => {
    const value = name in values ? values[name] : page.values && name in page.values ? page.values[name] : all;
    return typeof value === "string" && value.startsWith("@") ? say(value.slice(1)) : String(value);
  });
  const strong = text => escape(text).replace(/\*\*(.+?)\*\*/g, "<strong>$1</strong>");
  const paragraphs = text => text.split(/\n\s*\n/).map(part => {
    const lines = part.trim().split("\n");
    if (lines[0].startsWith("- ")) return `<ul>${part.trim().split(/\n?^- /m).filter(Boolean).map(line => `<li>${strong(line)}</li>`).join("")}</ul>`;
    return `<p>${strong(part.trim())}</p>`;
  }).join("");

  const attributes = (name, key, values) => `data-${name}="${escape(key)}"${values ? ` data-values="${escape(JSON.stringify(values))}"` : ""}`;
  const span = (key, values) => `<span ${attributes("say", key, values)}>${strong(say(key, values))}</span>`;
  const block = (key, values) => `<div class="prose" ${attributes("block", key, values)}>${paragraphs(say(key, values))}</div>`;
  const label = (key, values) => `${attributes("label", key, values)} aria-label="${escape(say(key, values))}"`;
  const set = (node, key, values) => {
    node.dataset.say = key;
    if (values) node.dataset.values = JSON.stringify(values); else delete node.dataset.values;
    node.innerHTML = strong(say(key, values));
  };
  const retell = () => {
    const values = node => JSON.parse(node.dataset.values || "{}");
    for (const node of document.querySelectorAll("[data-say]")) node.innerHTML = strong(say(node.dataset.say, values(node)));
    for (const node of document.querySelectorAll("[data-block]")) node.innerHTML = paragraphs(say(node.dataset.block, values(node)));
    for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", say(node.dataset.label, values(node)));
    for (const node of document.querySelectorAll("[data-value]")) node.value = say(node.dataset.value);
  };

  const speak = language => {
    page.language = language;
    document.documentElement.lang = language;
    document.title = say("title");
    for (const button of document.querySelectorAll("[data-to]")) button.setAttribute("aria-pressed", String(button.dataset.to === language));
    retell();
    if (ttskit.journal) ttskit.journal.language(language);
  };
  const one = (selector, within = document) => within.querySelector(selector);
  const every = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Keys: what has data-key is clicked by that key, data-enter by Enter, data-space by the space bar, unless something is being
  // written, or the key is the focused control's own.
  const press = event => {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return;
    const at = event.target, writing = at.matches("textarea, select, input:not([type=radio]):not([type=range])");
    const shown = selector => every(selector, one("#stage")).find(node => !node.matches(":disabled") && node.getClientRects().length);
    if (event.key === "Enter") {
      if (at.closest("button, a, textarea, summary, form")) return;
      const next = shown("[data-enter]");
      if (next) { event.preventDefault(); next.click(); }
    } else if (event.key === " ") {
      if (writing || at.closest("button, a, summary") || (at.type === "radio" && !at.checked)) return;
      const play = shown("[data-space]");
      if (play) { event.preventDefault(); play.click(); }
    } else if (!writing && event.key.length === 1) {
      const target = shown(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
      if (target) { event.preventDefault(); target.focus(); target.click(); }
    }
  };
  addEventListener("keydown", press);

  return {
    page, missing, say, span, block, label, set, speak, escape, one, every,
    mode: value => { page.mode = value; },
    words: value => { page.words = value; },
    plan: value => { page.plan = value; },
  };
})();
