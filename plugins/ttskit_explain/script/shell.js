"use strict";
// The page around the figures: contents that follow the reader, language and theme that are remembered, one card at a time
// for a projector, printing. The address keeps card and language: #CARD, or #CARD/LANGUAGE where it is not the first one's.
(() => {
  const root = document.documentElement, first = root.lang;
  const one = selector => document.querySelector(selector), every = selector => [...document.querySelectorAll(selector)];
  const kept = `ttskit.${location.pathname}.${first}.`;  // a page made anew in another language starts in that one
  const recall = name => { try { return localStorage.getItem(kept + name); } catch { return null; } };  // opened from disk, it may throw
  const remember = (name, value) => { try { localStorage.setItem(kept + name, value); } catch { /* the address still knows the language */ } };
  const languages = () => every("[data-to]").map(button => button.dataset.to);
  const address = () => {
    const [id, language] = decodeURIComponent(location.hash.slice(1)).split("/");
    return { id, language: languages().includes(language) ? language : null };
  };
  const point = id => {
    const hash = `#${id || ""}${root.lang === first ? "" : `/${root.lang}`}`;
    if (hash !== (location.hash || "#")) try { history.replaceState(null, "", hash); } catch { /* a page in a frame */ }
  };
  const arrive = () => {
    const { id, language } = address(), target = id && document.getElementById(id);
    if (language && language !== root.lang) ttskit.speak(language);
    if (target && presenting()) show(target.closest(".card") || target.querySelector(".card"));
    else if (target && (language || location.hash.includes("/"))) target.scrollIntoView();
    if (!language && root.lang !== first) point(id);
  };

  // Contents: the section and card at the top third of the window.
  const follow = () => {
    const line = innerHeight / 3, passed = list => list.filter(node => node.getBoundingClientRect().top <= line).pop();
    const section = passed(every("main > section")), card = section && passed([...section.querySelectorAll(".card")]);
    for (const link of every(".contents a")) {
      const id = link.hash.slice(1).split("/")[0], here = (section && section.id === id) || (card && card.id === id);
      if (here) link.setAttribute("aria-current", card && card.id === id ? "location" : "true"); else link.removeAttribute("aria-current");
    }
    for (const item of every(".contents > ol > li")) item.classList.toggle("current", Boolean(section) && item.dataset.of === section.id);
    const list = one(".contents > ol"), link = one('.contents a[aria-current="location"]') || one(".contents a[aria-current]");
    if (link && getComputedStyle(one(".contents")).position === "sticky") {
      const nav = one(".contents"), box = link.getBoundingClientRect(), frame = nav.getBoundingClientRect();
      if (box.top < frame.top + 40 || box.bottom > frame.bottom - 20) nav.scrollTop += box.top - frame.top - frame.height / 3;
    }
    return list;
  };

  // One card at a time.
  const cards = () => every("main .card");
  const presenting = () => root.classList.contains("presenting");
  const show = card => {
    if (!card) return;
    for (const other of every(".now")) other.classList.remove("now");
    const section = card.closest("section");
    section.classList.add("now");
    card.classList.add("now");
    one(".stage .place").textContent = `${cards().indexOf(card) + 1} / ${cards().length}`;
    point(card.id);
    scrollTo(0, 0);
    card.querySelector("h3").focus({ preventScroll: true });
    ttskit.load(section.dataset.section).then(() => ttskit.redraw(card));
    const next = cards()[cards().indexOf(card) + 1];
    if (next) ttskit.load(next.closest("section").dataset.section);
  };
  const move = by => show(cards()[cards().indexOf(one(".card.now")) + by]);
  const nearest = () => {
    const { id } = address(), named = id && document.getElementById(id);
    const seen = cards().find(card => card.getBoundingClientRect().bottom > innerHeight / 3);
    const whole = named && (named.closest(".card") || named.querySelector(".card"));
    return whole && whole.getBoundingClientRect().bottom > 0 && whole.getBoundingClientRect().top < innerHeight ? whole : seen || cards()[0];
  };
  const present = on => {
    if (on === presenting() || !cards().length) return;
    const card = on ? nearest() : one(".card.now");
    root.classList.toggle("presenting", on);
    one("[data-present]").setAttribute("aria-pressed", String(on));
    if (on) { show(card); return; }
    for (const other of every(".now")) other.classList.remove("now");
    ttskit.redraw();
    card.scrollIntoView();
    one("[data-present]").focus({ preventScroll: true });
    follow();
  };
  const press = event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, input:not([type=range])")) return;
    const own = event.target.closest("input, select, [role=img][tabindex], [data-arrows]");  // whose arrows are their own
    if (event.key === "p" || event.key === "P") present(!presenting());
    else if (!presenting()) return;
    else if (event.key === "Escape") present(false);
    else if (event.key === "PageDown" || (event.key === "ArrowRight" && !own)) move(1);
    else if (event.key === "PageUp" || (event.key === "ArrowLeft" && !own)) move(-1);
    else if (event.key === "Home" && !own) show(cards()[0]);
    else if (event.key === "End" && !own) show(cards().pop());
    else return;
    event.preventDefault();
  };

  // Theme: the system's, until the reader says otherwise. Printing is always light.
  const theme = value => {
    if (value) root.dataset.theme = value; else delete root.dataset.theme;
    one("[data-theme-button]").setAttribute("aria-pressed", String(ttskit.ui.dark));
    ttskit.redraw();
  };
  let before = null;
  const print = handout => {
    root.classList.toggle("handout-only", handout);
    (handout ? Promise.resolve() : ttskit.all()).then(() => window.print());
  };

  addEventListener("DOMContentLoaded", () => {
    root.classList.add("scripted");
    const asked = address().language || recall("language");
    if (languages().includes(asked) && asked !== first) ttskit.speak(asked);
    if (recall("theme")) theme(recall("theme"));
    one("[data-theme-button]").setAttribute("aria-pressed", String(ttskit.ui.dark));
    addEventListener("ttskit-language", event => { remember("language", event.detail); point(address().id); });
    one("[data-theme-button]").addEventListener("click", () => { const now = ttskit.ui.dark ? "light" : "dark"; remember("theme", now); theme(now); });
    one("[data-present]").addEventListener("click", () => present(!presenting()));
    one(".stage [data-leave]").addEventListener("click", () => present(false));
    for (const button of every(".stage [data-move]")) button.addEventListener("click", () => move(+button.dataset.move));
    for (const button of every("[data-print]")) button.addEventListener("click", () => print(button.dataset.print === "handout"));
    const fold = one(".contents .fold");
    fold.addEventListener("click", () => { const open = one(".contents").classList.toggle("open"); fold.setAttribute("aria-expanded", String(open)); });
    for (const link of every(".contents a")) link.addEventListener("click", () => { one(".contents").classList.remove("open"); fold.setAttribute("aria-expanded", "false"); });
    for (const block of every(".equation, .numbers")) if (block.scrollWidth > block.clientWidth + 1) block.tabIndex = 0;  // scrolls by keyboard too
    addEventListener("keydown", press);
    addEventListener("hashchange", arrive);
    addEventListener("beforeprint", () => { before = root.dataset.theme || ""; theme("light"); });
    addEventListener("afterprint", () => { root.classList.remove("handout-only"); theme(before); });
    let waiting = false;
    addEventListener("scroll", () => { if (!waiting && !presenting()) { waiting = true; requestAnimationFrame(() => { waiting = false; follow(); }); } }, { passive: true });
    if (location.hash) arrive();
    follow();
  });
})();
