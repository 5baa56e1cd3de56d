// The rules of one inclusion proof: the same, in the same order and with the same words as por/verify/standalone.py.

const AMOUNT_MAX = 2n ** 128n - 1n;
const INTEGER_MAX = Number.MAX_SAFE_INTEGER;
const COUNT_MAX = 2 ** 32 - 1;
const DEPTH_MAX = 32;
const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;
const TAG = {
  leaf: 0x00,
  node: 0x01,
  assetRoot: 0x02,
  assetContext: 0x03,
  commitment: 0x04,
  accountLeaf: 0x05,
  accountNode: 0x06,
  accountRoot: 0x07,
  statement: 0x08,
  section: 0x09,
  attestation: 0x0a,
  rotation: 0x0f,
  accountContext: 0x11,
};

class Malformed extends Error {}

const utf8 = (text) => new TextEncoder().encode(text);
const unsigned = (value, size) => {
  const bytes = new Uint8Array(size);
  let rest = BigInt(value);
  for (let i = size - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n);
  return bytes;
};
const u32 = (value) => unsigned(value, 4);
const u64 = (value) => unsigned(value, 8);
const u128 = (value) => unsigned(value, 16);
const lp = (text) => {
  const data = utf8(text);
  return concat(u32(data.length), data);
};
const taggedHash = (tag, ...parts) => sha256(concat(...parts, Uint8Array.of(tag)));
const fromBase64 = (text) => {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
};

// Text order by UTF-8 bytes: JavaScript compares UTF-16 units, where surrogates stand below U+E000.
const codeOrder = (unit) => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);
const compareText = (one, two) => {
  const length = Math.min(one.length, two.length);
  for (let i = 0; i < length; i++) {
    const difference = codeOrder(one.charCodeAt(i)) - codeOrder(two.charCodeAt(i));
    if (difference) return difference;
  }
  return one.length - two.length;
};

// Canonical JSON (encoding.md section 3): parse, write again, compare

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const notCanonical = () => new Malformed(" is not canonical JSON");

const canonical = (value, depth = 1) => {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === "number") {
    if (!Number.isInteger(value) || value < 0 || value > INTEGER_MAX) throw notCanonical();
    return String(value);
  }
  if (typeof value === "string") {
    if (/\p{Surrogate}/u.test(value)) throw notCanonical();
    return JSON.stringify(value);
  }
  if (depth > DEPTH_MAX) throw notCanonical();
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  const keys = Object.keys(value).sort();
  if (!keys.every((key) => /^[A-Za-z0-9@_.:-]{1,64}$/.test(key))) throw notCanonical();
  return `{${keys.map((key) => `"${key}":${canonical(value[key], depth + 1)}`).join(",")}}`;
};

const parseFile = (data) => {
  if (data.length > DOCUMENT_BYTES_MAX + 1) throw new Malformed(" is larger than 64 MiB");
  if (data[data.length - 1] !== 0x0a) throw new Malformed(" does not end in one line feed");
  let text;
  let value;
  try {
    // A byte-order mark stays in the text (ignoreBOM means: do not strip it) and is refused by JSON.parse.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data.subarray(0, -1));
    value = JSON.parse(text);
  } catch {
    throw notCanonical();
  }
  if (canonical(value) !== text) throw notCanonical();
  return value;
};

// Names (encoding.md section 4)

const SPACES = "\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000";
const UNSEEN =
  "\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\ufff9-\\ufffb" +
  "\\u{e0000}-\\u{e007f}\\ud800-\\udfff\\ufdd0-\\ufdef" +
  Array.from({ length: 17 }, (_, plane) => `\\u{${plane.toString(16)}fffe}\\u{${plane.toString(16)}ffff}`).join("");
const BAD_ID = new RegExp(`[${UNSEEN}]|^[${SPACES}]|[${SPACES}]$`, "u");
const EXCHANGE = "[a-z0-9][a-z0-9.-]{0,63}";
const SNAPSHOT = new RegExp(
  `^(${EXCHANGE})/(([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):00:00Z)/(0|[1-9][0-9]{0,15})$`,
);

const accountIdProblem = (text, size = 256) => {
  if (text === "") return "the id is empty";
  if (BAD_ID.test(text)) return "the id has invisible characters, or a space at an end";
  if (utf8(text).length > size) return `the id is longer than ${size} bytes`;
  if (text.normalize("NFC") !== text) return "the id is not in Unicode normal form C";
  return null;
};

const daysInMonth = (year, month) => {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
};
const snapshotParts = (text) => {
  const match = SNAPSHOT.exec(text);
  if (!match || BigInt(match[7]) > BigInt(INTEGER_MAX)) return null;
  const [year, month, day, hour] = match.slice(3, 7).map(Number);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month) || hour > 23) return null;
  return { exchange: match[1], hour: match[2], revision: Number(match[7]) };
};

// Forms

const refuseUnless = (condition, problem) => {
  if (!condition) throw new Malformed(problem);
};
const within = (where, action) => {
  try {
    return action();
  } catch (problem) {
    if (!(problem instanceof Malformed)) throw problem;
    throw new Malformed(where + problem.message);
  }
};
const isText = (value) => typeof value === "string";
const text = (value) => refuseUnless(isText(value), " is not a string");
const pattern = (source, what) => {
  const compiled = new RegExp(`^(?:${source})$`);
  return (value) => refuseUnless(isText(value) && compiled.test(value), ` is not ${what}`);
};
const integerTo = (limit, lowest = 0) => (value) =>
  refuseUnless(
    typeof value === "number" && value >= lowest && value <= limit,
    ` is not an integer from ${lowest} to ${limit}`,
  );
const oneOf = (...values) => (value) =>
  refuseUnless(isText(value) && values.includes(value), ` is not one of: ${values.join(", ")}`);
const orNull = (checker) => (value) => value === null || checker(value);
const amount = (value) =>
  refuseUnless(
    isText(value) && /^(0|[1-9][0-9]{0,38})$/.test(value) && BigInt(value) <= AMOUNT_MAX,
    " is not an amount",
  );
const signedAmount = (value) =>
  refuseUnless(
    isText(value) && /^(0|-?[1-9][0-9]{0,38})$/.test(value) && BigInt(value.replace("-", "")) <= AMOUNT_MAX,
    " is not a signed amount",
  );
const hex = (size) => (value) =>
  refuseUnless(
    isText(value) && value.length === 2 * size && /^[0-9a-f]*$/.test(value),
    ` is not ${2 * size} lower-case hex digits`,
  );
const snapshotId = (value) => refuseUnless(isText(value) && snapshotParts(value), " is not a snapshot id");
const subaccount = (value) =>
  refuseUnless(isText(value) && (value === "" || accountIdProblem(value, 64) === null), " is not a subaccount");
const reason = (value) =>
  refuseUnless(isText(value) && value !== "" && [...value].length <= 1000, " is not 1 to 1000 characters");
const path = (size) => (value) => {
  let data = null;
  try {
    data = isText(value) ? atob(value) : null;
  } catch {
    data = null;
  }
  const good = data !== null && data.length % size === 0 && btoa(data) === value;
  refuseUnless(good, ` is not base64 of ${size}-byte nodes`);
};
const object = (value) => refuseUnless(isObject(value), " is not an object");

/** An object with exactly these keys, checked in the order of the table, which is alphabetical. */
const record = (fields) => {
  const names = Object.keys(fields);
  return (value) => {
    const fits = isObject(value) && Object.keys(value).sort().join() === names.join();
    refuseUnless(fits, " does not have exactly the keys that it should");
    for (const name of names) within(`.${name}`, () => fields[name](value[name]));
  };
};
/** A list of records, strictly rising by the named fields. */
const list = (item, order = []) => (value) => {
  refuseUnless(Array.isArray(value), " is not a list");
  const rises = (before, after) => {
    const name = order.find((field) => before[field] !== after[field]);
    return name !== undefined && compareText(before[name], after[name]) < 0;
  };
  value.forEach((entry, index) => {
    within(`[${index}]`, () => item(entry));
    const inOrder = order.length === 0 || index === 0 || rises(value[index - 1], entry);
    refuseUnless(inOrder, `[${index}] is out of order`);
  });
};

const HEX32 = hex(32);
const HEX64 = hex(64);
const NUMBER = integerTo(INTEGER_MAX);
const COUNT = integerTo(COUNT_MAX);
const EXCHANGE_NAME = pattern(EXCHANGE, "an exchange's name");
const ENTITY = pattern("[a-z0-9][a-z0-9.-]{0,31}", "an entity's name");
const ASSET = pattern("[A-Z0-9][A-Z0-9._-]{0,31}", "an asset's name");
const CHAIN = pattern("[a-z0-9-]{3,8}:[A-Za-z0-9_-]{1,32}", "a chain");
const COVERAGE = orNull(pattern("(0|[1-9][0-9]*)\\.[0-9]{6}", "a ratio with six digits after the point"));
const DECIMAL = pattern("(0|[1-9][0-9]{0,38})(\\.[0-9]{1,38})?", "a decimal number");

const LINE_FORM = record({ claim: amount, debt: amount, subaccount });
const LEAF_FORM = record({
  asset: ASSET,
  claim: amount,
  debt: amount,
  entity: ENTITY,
  lines: list(LINE_FORM, ["subaccount"]),
  path: path(64),
  salt: HEX32,
  slot: NUMBER,
});
const PROOF_FORM = record({
  account: record({ path: path(32), salt: HEX32, slot: NUMBER }),
  attestation: HEX32,
  format: oneOf("tallystick/proof/1"),
  kind: oneOf("email", "key", "assigned"),
  leaves: list(LEAF_FORM, ["entity", "asset"]),
  snapshot: snapshotId,
});
const STATEMENT_FORM = record({
  format: oneOf("tallystick/attestation/1"),
  key: HEX32,
  kind: oneOf("attestation", "restatement", "missed"),
  previous: orNull(HEX32),
  sections: (value) => {
    object(value);
    for (const name of Object.keys(value).sort()) within(`.${name}`, () => HEX32(value[name]));
  },
  sequence: NUMBER,
  snapshot: snapshotId,
});
const ROTATION_FORM = record({
  exchange: EXCHANGE_NAME,
  format: oneOf("tallystick/rotation/1"),
  from: HEX32,
  sequence: integerTo(INTEGER_MAX, 1),
  signature_from: HEX64,
  signature_to: HEX64,
  to: HEX32,
});
const KEY_FORM = record({
  exchange: EXCHANGE_NAME,
  format: oneOf("tallystick/key/1"),
  key: HEX32,
  rotations: list(ROTATION_FORM),
});
const TREE_FORM = record({
  asset: ASSET,
  claims: amount,
  debts: amount,
  entity: ENTITY,
  leaves: COUNT,
  reserves: list(record({ chain: CHAIN, contract: text }), ["chain", "contract"]),
  root: HEX32,
  scale: integerTo(38),
});
const RESERVE_ROW_FORM = record({
  address: text,
  asset: ASSET,
  balance: amount,
  chain: CHAIN,
  contract: text,
  control: oneOf("eip191", "eip712", "eip1271", "none"),
  entity: ENTITY,
  evidence: oneOf("state-proof", "pinned-call", "third-party", "claim"),
  label: text,
});
const RESERVE_TOTAL_FORM = record({
  asset: ASSET,
  attested: amount,
  claimed: amount,
  claims: amount,
  coverage: COVERAGE,
  coverage_proven: COVERAGE,
  entity: ENTITY,
  proven: amount,
});
const BOOKS_ROW_FORM = record({
  asset: ASSET,
  claims: amount,
  custody: amount,
  debts: amount,
  deficit: amount,
  entity: ENTITY,
  excess: amount,
  house: orNull(amount),
  in_transit: amount,
  receivables: amount,
});
const NET_ROW_FORM = record({
  asset: ASSET,
  claims: amount,
  counted_debts: amount,
  entity: ENTITY,
  net_claims: amount,
  over_collateral_count: NUMBER,
  over_collateral_sum: amount,
  related_count: NUMBER,
  related_sum: amount,
});
const LEDGER_FORM = record({ head: HEX32, parameters: HEX32, position: NUMBER, ruleset: NUMBER, state: HEX32 });
const ZERO_SUM_ROW_FORM = record({
  asset: ASSET,
  claims: amount,
  custody: signedAmount,
  debts: amount,
  due_from: signedAmount,
  due_to: signedAmount,
  entity: ENTITY,
  house: signedAmount,
  in_transit: signedAmount,
  receipts_uncredited: signedAmount,
  receivables: signedAmount,
});
const IN_FLIGHT_ROW_FORM = record({
  amount,
  asset: ASSET,
  chain: CHAIN,
  direction: oneOf("in", "out"),
  entity: ENTITY,
  recorded: oneOf("chain", "ledger"),
  transaction: text,
});
const IN_FLIGHT_TOTAL_FORM = record({
  asset: ASSET,
  custody: signedAmount,
  difference: signedAmount,
  entity: ENTITY,
  in_flight: signedAmount,
  reserves: amount,
});
const UNREAD_ROW_FORM = record({
  address: text,
  asset: ASSET,
  chain: CHAIN,
  contract: text,
  entity: ENTITY,
  label: text,
  reason,
});
const SNAPSHOT_FORM = record({
  accounts: record({ count: COUNT, root: HEX32 }),
  cutoff: text,
  disclosures: list(record({ code: text, detail: text }), ["code", "detail"]),
  exchange: text,
  ledger: orNull(LEDGER_FORM),
  previous: orNull(HEX32),
  reserves: orNull(HEX32),
  snapshot: text,
  trees: list(TREE_FORM, ["entity", "asset"]),
});
const ROW_ORDER = ["entity", "asset", "chain", "contract", "address"];
const IN_FLIGHT_ORDER = ["entity", "asset", "chain", "transaction", "direction", "recorded"];
const SECTION_FORMS = new Map(
  Object.entries({
    snapshot: SNAPSHOT_FORM,
    reserves: record({ rows: list(RESERVE_ROW_FORM, ROW_ORDER), totals: list(RESERVE_TOTAL_FORM) }),
    books: record({ rows: list(BOOKS_ROW_FORM) }),
    net: record({
      prices: list(record({ asset: ASSET, haircut: DECIMAL, price: DECIMAL }), ["asset"]),
      rows: list(NET_ROW_FORM),
    }),
    keys: record({ rotations: list(ROTATION_FORM) }),
    restatement: record({ reason, restates: HEX32 }),
    missed: record({ reason }),
    failed: record({ code: pattern("[a-z][a-z0-9-]{0,31}", "a code"), detail: reason, ledger: LEDGER_FORM }),
    "zero-sum": record({ rows: list(ZERO_SUM_ROW_FORM) }),
    "in-flight": record({ rows: list(IN_FLIGHT_ROW_FORM, IN_FLIGHT_ORDER), totals: list(IN_FLIGHT_TOTAL_FORM) }),
    unread: record({ rows: list(UNREAD_ROW_FORM, ROW_ORDER) }),
  }),
);
const REQUIRED_SECTIONS = {
  attestation: ["keys", "reserves", "snapshot"],
  restatement: ["keys", "reserves", "restatement", "snapshot"],
  missed: ["keys", "missed"],
};
const WITH_BALANCES = ["attestation", "restatement"];
const BELONGS = new Map(
  Object.entries({
    failed: ["missed"],
    "in-flight": WITH_BALANCES,
    missed: ["missed"],
    restatement: ["restatement"],
    unread: WITH_BALANCES,
    "zero-sum": WITH_BALANCES,
  }),
);
