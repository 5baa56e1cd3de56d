// The page: takes files in, shows the report. Data reaches the document as text only, never as markup.

const state = { language: "en", files: { proof: null, attestation: null, key: null }, notice: null, report: null };
const byId = (id) => document.getElementById(id);
const say = (name) => TEXTS[state.language][name];

/** A new element: its class, and its content as text or as elements. */
const make = (tag, className, ...content) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content.filter((part) => part !== null));
  return element;
};

/** What a file is, by its content alone; loosely read, because judging it is the rules' work. */
const recognise = (bytes) => {
  const content = new TextDecoder().decode(bytes).trim();
  if (/^[0-9a-fA-F]{64}$/.test(content)) return "key";
  let value;
  try {
    value = JSON.parse(content);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const format = isObject(value.statement) ? value.statement.format : value.format;
  return ["proof", "attestation", "key"].find((kind) => String(format).startsWith(`tallystick/${kind}/`)) || null;
};

const takeFiles = async (files) => {
  state.notice = null;
  for (const file of files) {
    let bytes = null;
    try {
      bytes = new Uint8Array(await file.arrayBuffer());
    } catch {
      state.notice = ["unreadable", file.name];
    }
    const kind = bytes && recognise(bytes);
    if (kind) state.files[kind] = { name: file.name, bytes };
    else if (bytes) state.notice = ["unknownFile", file.name];
  }
  state.report = null;
  showAll();
};

const showSlots = () => {
  for (const slot of document.querySelectorAll("[data-slot]")) {
    const file = state.files[slot.dataset.slot];
    slot.classList.toggle("full", file !== null);
    const empty = slot.dataset.slot === "key" ? say("optional") : say("missing");
    slot.querySelector(".file").textContent = file ? `✓ ${file.name}` : empty;
  }
  byId("notice").textContent = state.notice ? say(state.notice[0]) + (state.notice[1] || "") : "";
};

const showVerdict = (report) => {
  const [word, meaning] = say("verdicts")[report.verdict];
  const mark = make("span", "mark", { valid: "✓", invalid: "✕", unchecked: "?" }[report.verdict]);
  mark.setAttribute("aria-hidden", "true");
  const failed = (name) => report.checks.some((check) => check.name === name && check.result === "fail");
  const hint = failed("path") && failed("statement") ? say("mistyped") : "";
  const text = report.error ? say("badKey") : meaning;
  return make("div", `verdict ${report.verdict}`, mark, make("h2", "", word), make("p", "", text, " ", hint));
};

const showFacts = (report) => {
  if (report.snapshot === null) return null;
  const [, hour, revision] = report.snapshot.split("/");
  const time = hour.replace("T", " ").replace("Z", "") + (revision === "0" ? "" : ` (${say("revision")} ${revision})`);
  const pairs = [
    [say("exchange"), report.exchange],
    [say("hour"), time],
  ];
  return make("dl", "facts", ...pairs.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
};

const header = (text, className = "") => {
  const cell = make("th", className, text);
  cell.scope = "col";
  return cell;
};
const rowHeader = (...content) => {
  const cell = make("th", "", ...content);
  cell.scope = "row";
  return cell;
};

const showBalances = (report) => {
  if (report.balances.length === 0) return [];
  const heads = make("tr", "", header(say("asset")), header(say("claim"), "amount"), header(say("debt"), "amount"));
  const rows = report.balances.flatMap((balance) => {
    const name = balance.entity === "main" ? balance.asset : `${balance.asset} · ${balance.entity}`;
    const unit = balance.scale === null ? ` ${say("quanta")}` : "";
    const amountsOf = (row) => [make("td", "amount", row.claim + unit), make("td", "amount", row.debt + unit)];
    const single = balance.lines.length === 1 && balance.lines[0].subaccount === "";
    const lines = single ? [] : balance.lines;
    return [
      make("tr", "", rowHeader(name), ...amountsOf(balance)),
      ...lines.map((line) => make("tr", "line", rowHeader(line.subaccount || say("main")), ...amountsOf(line))),
    ];
  });
  const title = report.verdict === "valid" ? say("balances") : say("unconfirmed");
  const table = make("table", "balances", make("thead", "", heads), make("tbody", "", ...rows));
  return [make("h3", "", title), make("div", "scroll", table)];
};

const showChecks = (report) => {
  const asked = report.checks.filter((check) => check.result !== "unchecked");
  const rows = asked.map((check) => {
    const [name, meaning] = say("names")[check.name];
    const tag = make("span", `tag ${check.result}`, say("results")[check.result]);
    const assurance = check.assurance ? say("assurances")[check.assurance] : "—";
    const detail = check.result === "fail" ? make("small", "", check.detail) : null;
    if (detail) detail.lang = "en";
    const meant = make("td", "", meaning, detail);
    return make("tr", "", rowHeader(name), make("td", "", tag), make("td", "", assurance), meant);
  });
  if (rows.length === 0) return [];
  const heads = make("tr", "", ...say("columns").map((column) => header(column)));
  const table = make("table", "checks", make("thead", "", heads), make("tbody", "", ...rows));
  return [make("h3", "", say("checks")), make("div", "scroll", table)];
};

const showUnchecked = (report) => {
  const items = report.checks.filter((check) => check.result === "unchecked");
  if (items.length === 0) return [];
  const list = items.map((check) => {
    const [name, meaning] = say("names")[check.name];
    const needed = check.required ? make("span", "tag unchecked", say("required")) : null;
    return make("li", "", make("strong", "", name), " ", needed, make("br"), meaning);
  });
  return [make("h3", "", say("notChecked")), make("ul", "open", ...list)];
};

const showFingerprint = (report) => {
  if (!report.fingerprint) return [];
  const groups = make("ol", "fingerprint", ...report.fingerprint.split("-").map((group) => make("li", "", group)));
  groups.setAttribute("aria-label", report.fingerprint);
  return [make("h3", "", say("fingerprint")), groups, make("p", "hint", say("compare"))];
};

const showReport = () => {
  const { report } = state;
  if (report === null) return byId("result").replaceChildren();
  const parts = [showVerdict(report)];
  if (!report.error) {
    parts.push(showFacts(report), ...showBalances(report), ...showChecks(report));
    parts.push(...showUnchecked(report), ...showFingerprint(report));
  }
  return byId("result").replaceChildren(...parts.filter((part) => part !== null));
};

const showAll = () => {
  document.documentElement.lang = state.language;
  document.title = say("documentTitle");
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === state.language));
  }
  showSlots();
  showReport();
};

const check = async () => {
  const { proof, attestation, key } = state.files;
  state.notice = proof && attestation ? null : ["needFiles"];
  state.report = null;
  showAll();
  if (state.notice) return;
  byId("result").textContent = say("working");
  const typedKey = byId("key").value.trim();
  state.report = await verify({
    proof: proof.bytes,
    attestation: attestation.bytes,
    key: typedKey || (key && key.bytes),
    account: byId("account").value || null,
  });
  showReport();
  byId("result").focus();
};

const start = () => {
  state.language = navigator.language.startsWith("ja") ? "ja" : "en";
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      state.language = button.dataset.language;
      showAll();
    });
  }
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  byId("picker").addEventListener("change", async (event) => {
    const files = [...event.target.files];
    event.target.value = ""; // the same file can be chosen again
    await takeFiles(files);
  });
  const over = (isOver) => byId("drop").classList.toggle("over", isOver);
  // The whole window takes drops: a file that misses the box must not replace the page.
  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  window.addEventListener("dragleave", () => over(false));
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    takeFiles([...event.dataTransfer.files]);
  });
  showAll();
};

if (typeof document !== "undefined") start();
