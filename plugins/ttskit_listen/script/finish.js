"use strict";
// How it ends: the file to hand in, or that the server has everything; the code or address that a platform asks for; and leaving
// before the end, which is always possible.
(() => {
  const { page, span, block, set, escape, one, journal } = ttskit;
  const { screen, button, wired } = ttskit.screens;

  const download = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([journal.text()], { type: "application/json" }));
    link.download = `answers-${page.listener}.json`;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };
  const copy = async area => {
    try { await navigator.clipboard.writeText(area.value); return; } catch { /* not where the page came from disk */ }
    area.closest("details").open = true;
    area.select();
    document.execCommand("copy");
  };
  const file = () => `<p class="row">${button("file.download", "download", "main")}${button("file.copy", "copy")}</p><p class="hint" role="status" data-said></p>` +
    `<details class="file"><summary>${span("file.show")}</summary><textarea readonly rows="8" ${ttskit.label("file.text")} data-file>${escape(journal.text())}</textarea></details>`;
  const filed = root => ({
    download: () => { download(); set(one("[data-said]", root), "file.downloaded", { name: `answers-${page.listener}.json` }); },
    copy: async () => { await copy(one("[data-file]", root)); set(one("[data-said]", root), "file.copied"); },
  });
  // Only addresses of the web: a plan is data, and may not run a script.
  const address = url => (/^https?:\/\//i.test(url) ? url : "");
  const completion = ({ code = "", url = "" }) => (code ? `<p>${span("completion.code")} <code class="code" data-completion>${escape(code)}</code></p>` : "") +
    (address(url) ? `<p class="row"><a class="main" data-completion-url rel="noreferrer" href="${escape(address(url))}">${span("completion.url")}</a></p>` : "");

  const end = () => screen("end", () => `<h1>${span("end.title")}</h1>${block("thanks")}<div data-rest></div>`, root => {
    journal.end();
    const rest = one("[data-rest]", root);
    if (!page.mode.server) {
      rest.innerHTML = `${block("file")}${file()}${completion(page.plan.completion)}`;
      wired(rest, filed(rest));
      return;
    }
    // What is there changes when the server has the last answer, or refuses one.
    let before = "";
    const tell = () => {
      const kept = journal.all, key = kept.ended ? "ended" : ttskit.sync.refused ? "refused" : "sending";
      if (key === before) return;
      before = key;
      root.dataset.sent = String(kept.ended);
      rest.innerHTML = kept.ended ? block("server.done") + completion(kept.completion || {}) : key === "refused" ? block("server.refused", { reason: ttskit.sync.refused }) + file() : block("server.sending");
      wired(rest, filed(rest));
    };
    tell();
    journal.told(tell);
    ttskit.sync.pump();
  });

  const note = (name, title, text, values) => {
    one("#stage").innerHTML = `<section class="card" data-screen="${name}"><h1 tabindex="-1">${span(title)}</h1>${block(text, values)}<p class="row end" data-acts></p></section>`;
    one("#stage h1").focus();
    one("#leave").hidden = true;
    return one("[data-acts]");
  };
  const declined = () => { journal.forget(); journal.lock.release(); note("declined", "declined.title", "declined"); };

  // Leaving before the end: the answers so far can be handed in, or erased.
  const leaving = () => {
    const dialog = one("#leaving"), server = page.mode.server, given = journal.file.answers.length;
    ttskit.sounds.silence();
    dialog.innerHTML = `<h2 id="leaving-title">${span("leave.title")}</h2>${block(server ? "leave.server" : "leave.static", { n: given, listener: page.listener })}` +
      (server ? "" : file()) + `<p class="row end">${server ? "" : button("leave.erase", "erase")}${button("leave.stay", "stay", "main")}</p>`;
    dialog.setAttribute("aria-labelledby", "leaving-title");
    wired(dialog, { ...filed(dialog), stay: () => dialog.close(), erase: () => { dialog.close(); ttskit.stop(declined); } });
    dialog.showModal();
  };
  ttskit.finish = { end, note, declined, leaving };
})();
