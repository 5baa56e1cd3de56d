// Attestation, proof and report: the second half of the rules (por/verify/standalone.py).

const treeName = (row) => `${row.entity}/${row.asset}`;
const sum = (amounts) => amounts.reduce((total, value) => total + BigInt(value), 0n);

const checkSameNames = (rows, trees, where) => {
  const same = rows.length === trees.length && rows.every((row, index) => treeName(row) === treeName(trees[index]));
  refuseUnless(same, `${where} is not one row for each tree, in order`);
};

const checkSameTrees = (rows, trees, where) => {
  checkSameNames(rows, trees, where);
  trees.forEach((tree, index) => {
    const row = rows[index];
    const agrees = row.claims === tree.claims && (row.debts === undefined || row.debts === tree.debts);
    refuseUnless(agrees, `${where}[${index}] differs from its tree`);
  });
};

const ratio = (part, whole) => {
  if (whole === 0n) return null;
  const digits = ((part * 1000000n) / whole).toString().padStart(7, "0");
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
};

const checkReserves = (section, trees) => {
  const counted = new Map();
  const parts = new Map();
  for (const tree of trees) {
    counted.set(treeName(tree), new Set(tree.reserves.map((entry) => `${entry.chain} ${entry.contract}`)));
    parts.set(treeName(tree), { proven: 0n, attested: 0n, claimed: 0n });
  }
  section.rows.forEach((row, index) => {
    const entries = counted.get(treeName(row));
    const known = entries !== undefined && entries.has(`${row.chain} ${row.contract}`);
    refuseUnless(known, `.sections.reserves.rows[${index}] is not counted as a reserve by any tree`);
    let part = row.evidence === "third-party" ? "attested" : "claimed";
    if (row.evidence === "state-proof" && ["eip191", "eip712"].includes(row.control)) part = "proven";
    parts.get(treeName(row))[part] += BigInt(row.balance);
  });
  const where = ".sections.reserves.totals";
  checkSameTrees(section.totals, trees, where);
  section.totals.forEach((total, index) => {
    const sums = parts.get(treeName(total));
    const adds = ["proven", "attested", "claimed"].every((part) => BigInt(total[part]) === sums[part]);
    refuseUnless(adds, `${where}[${index}] is not the sum of its rows`);
    const held = sums.proven + sums.attested + sums.claimed;
    refuseUnless(held <= AMOUNT_MAX, `${where}[${index}] has a sum over 2^128-1`);
    const claims = BigInt(total.claims);
    const right = total.coverage === ratio(held, claims) && total.coverage_proven === ratio(sums.proven, claims);
    refuseUnless(right, `${where}[${index}] has a wrong coverage`);
  });
};

const checkBooks = (section, trees, totals) => {
  const where = ".sections.books.rows";
  checkSameTrees(section.rows, trees, where);
  section.rows.forEach((row, index) => {
    const { proven, attested, claimed } = totals[index];
    const isCustody = BigInt(row.custody) === sum([proven, attested, claimed]);
    refuseUnless(isCustody, `${where}[${index}] has other reserves than the totals`);
    const left = sum([row.custody, row.in_transit, row.debts, row.receivables, row.deficit]);
    const right = sum([row.claims, row.house === null ? 0 : row.house, row.excess]);
    const balances = left === right && left <= AMOUNT_MAX && (row.deficit === "0" || row.excess === "0");
    refuseUnless(balances, `${where}[${index}] does not balance`);
  });
};

const OWNED = ["custody", "in_transit", "debts", "receivables", "due_from"];
const OWED = ["claims", "receipts_uncredited", "house", "due_to"];

const checkZeroSum = (section, snapshot) => {
  const where = ".sections.zero-sum";
  refuseUnless(snapshot.ledger !== null, `${where} has no ledger behind it`);
  checkSameTrees(section.rows, snapshot.trees, `${where}.rows`);
  section.rows.forEach((row, index) => {
    const balances = sum(OWNED.map((name) => row[name])) === sum(OWED.map((name) => row[name]));
    refuseUnless(balances, `${where}.rows[${index}] does not sum to zero`);
  });
};

/** What is on its way bridges the ledger's custody and the chain; what is left is stated as the difference. */
const checkInFlight = (sections, trees) => {
  const section = sections["in-flight"];
  const where = ".sections.in-flight";
  refuseUnless(Object.hasOwn(sections, "zero-sum"), `${where} has no zero-sum report beside it`);
  checkSameNames(section.totals, trees, `${where}.totals`);
  const sums = new Map(trees.map((tree) => [treeName(tree), 0n]));
  const onChain = (row, chain) => JSON.stringify([row.entity, row.asset, chain]);
  const chains = new Set(trees.flatMap((tree) => tree.reserves.map((entry) => onChain(tree, entry.chain))));
  section.rows.forEach((row, index) => {
    const counted = chains.has(onChain(row, row.chain));
    refuseUnless(counted, `${where}.rows[${index}] is on a chain that its tree does not count`);
    const adds = (row.direction === "in") === (row.recorded === "chain");
    sums.set(treeName(row), sums.get(treeName(row)) + (adds ? BigInt(row.amount) : -BigInt(row.amount)));
  });
  section.totals.forEach((total, index) => {
    const { proven, attested, claimed } = sections.reserves.totals[index];
    const reserves = BigInt(total.reserves);
    const custody = BigInt(total.custody);
    const inFlight = BigInt(total.in_flight);
    const stated =
      reserves === sum([proven, attested, claimed]) &&
      custody === BigInt(sections["zero-sum"].rows[index].custody) &&
      inFlight === sums.get(treeName(total));
    refuseUnless(stated, `${where}.totals[${index}] is not what reserves, ledger and rows say`);
    const right = BigInt(total.difference) === reserves - custody - inFlight;
    refuseUnless(right, `${where}.totals[${index}] has a wrong difference`);
  });
};

/** A reserve that could not be read counts nothing, and is one that a tree counts when it can be read. */
const checkUnread = (sections, trees) => {
  const where = ".sections.unread.rows";
  const reserve = (row) => JSON.stringify([row.entity, row.asset, row.chain, row.contract]);
  const holder = (row) => JSON.stringify([row.entity, row.asset, row.chain, row.contract, row.address]);
  const read = new Set(sections.reserves.rows.map(holder));
  const counted = new Set(trees.flatMap((tree) => tree.reserves.map((entry) => reserve({ ...tree, ...entry }))));
  sections.unread.rows.forEach((row, index) => {
    refuseUnless(counted.has(reserve(row)), `${where}[${index}] is not counted as a reserve by any tree`);
    refuseUnless(!read.has(holder(row)), `${where}[${index}] is among the reserves that were read`);
  });
};

const checkNet = (section, trees) => {
  const where = ".sections.net.rows";
  checkSameTrees(section.rows, trees, where);
  section.rows.forEach((row, index) => {
    const fits = sum([row.net_claims, row.counted_debts]) === BigInt(row.claims);
    refuseUnless(fits, `${where}[${index}] is not claims less counted debts`);
    const debts = sum([row.counted_debts, row.over_collateral_sum, row.related_sum]);
    refuseUnless(debts <= BigInt(trees[index].debts), `${where}[${index}] has more debts than its tree`);
  });
};

const checkRotations = (rotations, exchange, key) => {
  refuseUnless(rotations.length <= 1000, ".rotations are more than 1000");
  const seen = new Set([rotations.length ? rotations[0].from : key]);
  rotations.forEach((rotation, index) => {
    const before = index ? rotations[index - 1] : { to: rotation.from, sequence: 0 };
    refuseUnless(rotation.exchange === exchange, `.rotations[${index}] is of another exchange`);
    const continues =
      rotation.from === before.to && rotation.sequence > before.sequence && !seen.has(rotation.to);
    refuseUnless(continues, `.rotations[${index}] does not continue the chain of keys`);
    seen.add(rotation.to);
  });
  const ends = rotations.length === 0 || rotations[rotations.length - 1].to === key;
  refuseUnless(ends, ".rotations does not end in the key");
};

const checkSnapshot = (section, statement, exchange, hour) => {
  const where = ".sections.snapshot";
  const snapshot = statement.snapshot;
  const expected = { cutoff: hour, exchange, previous: statement.previous, snapshot };
  for (const [name, value] of Object.entries(expected)) {
    refuseUnless(section[name] === value, `${where}.${name} differs from the statement`);
  }
  const { count, root } = section.accounts;
  const emptyAccounts = toHex(taggedHash(TAG.accountRoot, lp(snapshot), u64(0), new Uint8Array(32)));
  refuseUnless(count > 0 || root === emptyAccounts, `${where}.accounts is empty and has another root`);
  const disclosures = section.disclosures.filter((entry) => entry.code === "small-tree");
  const small = new Set(disclosures.map((entry) => entry.detail));
  section.trees.forEach((tree, index) => {
    const names = concat(lp(snapshot), lp(tree.entity), lp(tree.asset));
    const empty = () => toHex(taggedHash(TAG.assetRoot, names, [tree.scale], u64(0), new Uint8Array(64)));
    const sound = tree.leaves > 0 || (tree.claims === "0" && tree.debts === "0" && tree.root === empty());
    refuseUnless(sound, `${where}.trees[${index}] is empty and has sums or another root`);
    refuseUnless(tree.leaves <= count, `${where}.trees[${index}] has more leaves than there are accounts`);
    const disclosed = tree.leaves === 0 || tree.leaves >= 100 || small.has(treeName(tree));
    refuseUnless(disclosed, `${where}.trees[${index}] is small and not disclosed`);
  });
};

/** Names, hashes and forms of the sections; those not known are bound by their hash alone. */
const checkSections = async ({ sections, statement }, subtle) => {
  const names = Object.keys(sections).sort();
  const same = names.join() === Object.keys(statement.sections).sort().join();
  refuseUnless(same, ".sections are not those that the statement names");
  const required = REQUIRED_SECTIONS[statement.kind];
  for (const name of required) refuseUnless(names.includes(name), `.sections.${name} is missing`);
  for (const name of names) {
    refuseUnless(isObject(sections[name]), `.sections.${name} is not an object`);
    const belongs = !BELONGS.has(name) || BELONGS.get(name).includes(statement.kind);
    refuseUnless(belongs, `.sections.${name} does not belong to this kind of statement`);
    const message = concat(lp(name), utf8(canonical(sections[name])), [TAG.section]);
    // The browser's own hash pays for long messages only: the tree's nodes are hashed at once, without promises.
    const digest = subtle ? new Uint8Array(await subtle.digest("SHA-256", message)) : sha256(message);
    const fits = toHex(digest) === statement.sections[name];
    refuseUnless(fits, `.sections.${name} does not have the signed hash`);
    if (SECTION_FORMS.has(name)) within(`.sections.${name}`, () => SECTION_FORMS.get(name)(sections[name]));
  }
};

const checkAttestationForm = async (document, subtle) => {
  record({ sections: object, signature: HEX64, statement: STATEMENT_FORM })(document);
  const { statement, sections } = document;
  const { exchange, hour, revision } = snapshotParts(statement.snapshot);
  const first = statement.sequence === 0;
  const restates = statement.kind === "restatement";
  refuseUnless((statement.previous === null) === first, ".statement.previous does not fit the sequence");
  refuseUnless(restates === revision > 0, ".statement.snapshot has a revision that does not fit the kind");
  refuseUnless(!(restates && first), ".statement.sequence is 0 and there is nothing to restate");
  await checkSections(document, subtle);
  within(".sections.keys", () => checkRotations(sections.keys.rotations, exchange, statement.key));
  refuseUnless(statement.kind !== "missed", " is for a missed hour, which has no balances");
  checkSnapshot(sections.snapshot, statement, exchange, hour);
  checkReserves(sections.reserves, sections.snapshot.trees);
  if (Object.hasOwn(sections, "books")) checkBooks(sections.books, sections.snapshot.trees, sections.reserves.totals);
  if (Object.hasOwn(sections, "net")) checkNet(sections.net, sections.snapshot.trees);
  if (Object.hasOwn(sections, "zero-sum")) checkZeroSum(sections["zero-sum"], sections.snapshot);
  if (Object.hasOwn(sections, "in-flight")) checkInFlight(sections, sections.snapshot.trees);
  if (Object.hasOwn(sections, "unread")) checkUnread(sections, sections.snapshot.trees);
};

const rotationSigned = async (rotation, subtle) => {
  const { signature_from: signatureFrom, signature_to: signatureTo, ...signed } = rotation;
  const digest = taggedHash(TAG.rotation, utf8(canonical(signed)));
  const message = concat(utf8("tallystick/rotation/1\0"), digest);
  return (
    (await verifySignature(fromHex(rotation.from), message, fromHex(signatureFrom), subtle)) &&
    verifySignature(fromHex(rotation.to), message, fromHex(signatureTo), subtle)
  );
};

const checkSignature = async ({ statement, sections, signature }, digest, reader, subtle) => {
  const { key, sequence } = statement;
  const rotations = sections.keys.rotations;
  const message = concat(utf8("tallystick/attestation/1\0"), digest);
  if (!(await verifySignature(fromHex(key), message, fromHex(signature), subtle))) {
    return ["fail", "the signature does not fit the attestation"];
  }
  if (rotations.length && sequence < rotations[rotations.length - 1].sequence) {
    return ["fail", "the attestation's key signed before its rotation"];
  }
  if (reader === null) return ["unchecked", "no key to check it under: anyone could have signed this"];
  if (reader.exchange !== null && !statement.snapshot.startsWith(`${reader.exchange}/`)) {
    return ["fail", "the key file is for another exchange"];
  }
  const ended = reader.rotations.find((rotation) => rotation.from === key);
  if (ended && sequence >= ended.sequence) return ["fail", "signed by a key that was already replaced"];
  const begun = reader.rotations.find((rotation) => rotation.to === key);
  if (begun && sequence < begun.sequence) return ["fail", "the attestation's key signed before its rotation"];
  if (key === reader.key) return ["pass", "signed by the key you gave"];
  const start = rotations.findIndex((rotation) => rotation.from === reader.key);
  let between;
  if (start >= 0) between = rotations.slice(start);
  else if (ended) between = reader.rotations.slice(reader.rotations.indexOf(ended));
  else return ["fail", "signed by another key than the one you gave"];
  for (const rotation of between) {
    if (!(await rotationSigned(rotation, subtle))) return ["fail", "a key rotation does not carry both signatures"];
  }
  return ["pass", "signed by a key that rotations join to the one you gave"];
};

const checkAttestation = async (data, reader, subtle) => {
  let document;
  try {
    document = parseFile(data);
    await checkAttestationForm(document, subtle);
  } catch (problem) {
    if (!(problem instanceof Malformed)) throw problem;
    return { problem: `attestation${problem.message}`, exchange: null, snapshot: null, fingerprint: null };
  }
  const { statement, sections } = document;
  const digest = taggedHash(TAG.attestation, utf8(canonical(statement)));
  const trees = new Map();
  for (const row of sections.snapshot.trees) {
    const names = concat(lp(statement.snapshot), lp(row.entity), lp(row.asset));
    trees.set(treeName(row), {
      ...row,
      root: fromHex(row.root),
      context: taggedHash(TAG.assetContext, names),
      rootPrefix: concat(names, [row.scale], u64(row.leaves)),
    });
  }
  return {
    problem: null,
    digest: toHex(digest),
    exchange: sections.snapshot.exchange,
    snapshot: statement.snapshot,
    fingerprint: toHex(digest).slice(0, 32).match(/.{4}/g).join("-"),
    signature: await checkSignature(document, digest, reader, subtle),
    unknown: Object.keys(sections).sort().filter((name) => !SECTION_FORMS.has(name)),
    trees,
    accounts: sections.snapshot.accounts,
    hasLog: sections.snapshot.ledger !== null,
  };
};

/** The reader's key from hex or a key file, given as text or bytes; null for none. Throws Malformed. */
const readKey = (given) => {
  const data = typeof given === "string" ? utf8(given) : given;
  if (!data || data.length === 0) return null;
  const bare = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data).replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  if (bare === "") return null;
  if (/^[0-9a-f]{64}$/.test(bare)) return { key: bare, exchange: null, rotations: [] };
  return within("the key is neither 64 hex digits nor a key file: key", () => {
    const document = parseFile(data);
    KEY_FORM(document);
    checkRotations(document.rotations, document.exchange, document.key);
    return document;
  });
};

// Proof

const pathLength = (slot, count) => {
  if (slot >= count) return null;
  let length = 0;
  for (; count > 1; slot = Math.floor(slot / 2), count = Math.ceil(count / 2)) {
    if (!(slot === count - 1 && slot % 2 === 0)) length += 1;
  }
  return length;
};

/** Goes up from a slot; `join(left, right, sibling)` returns the node above, or null to stop. */
const fold = (node, slot, count, siblings, size, join) => {
  let start = 0;
  for (; node !== null && count > 1; slot = Math.floor(slot / 2), count = Math.ceil(count / 2)) {
    if (slot === count - 1 && slot % 2 === 0) continue;
    const sibling = siblings.subarray(start, start + size);
    start += size;
    node = slot % 2 ? join(sibling, node, sibling) : join(node, sibling, sibling);
  }
  return node;
};
const readU128 = (bytes, start) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, 16);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
};
const amounts = (claims, debts) => {
  const view = new DataView(new ArrayBuffer(32));
  [claims >> 64n, claims, debts >> 64n, debts].forEach((word, index) => view.setBigUint64(8 * index, word));
  return new Uint8Array(view.buffer);
};

/** The problems of one leaf for `path` and `sums`: null for none, "" for one that could not be asked. */
const checkLeaf = (leaf, tree, owner) => {
  if (tree === undefined) return ["the attestation has no tree for this asset", ""];
  const siblings = fromBase64(leaf.path);
  const length = pathLength(leaf.slot, tree.leaves);
  if (length === null) return ["the slot is past the last leaf", ""];
  if (siblings.length !== 64 * length) {
    return ["the path does not have the length that follows from slot and leaf count", ""];
  }
  let claims = BigInt(leaf.claim);
  let debts = BigInt(leaf.debt);
  const commitment = taggedHash(TAG.commitment, tree.context, fromHex(leaf.salt), owner);
  const own = amounts(claims, debts);
  const node = concat(taggedHash(TAG.leaf, commitment, own), own);
  const top = fold(node, leaf.slot, tree.leaves, siblings, 64, (left, right, sibling) => {
    claims += readU128(sibling, 32);
    debts += readU128(sibling, 48);
    if (claims > AMOUNT_MAX || debts > AMOUNT_MAX) return null;
    return concat(taggedHash(TAG.node, left, right), amounts(claims, debts));
  });
  if (top === null) return ["", "a sum exceeds 2^128-1"];
  const found = equalBytes(taggedHash(TAG.assetRoot, tree.rootPrefix, top), tree.root);
  const equal = claims === BigInt(tree.claims) && debts === BigInt(tree.debts);
  return [
    found ? null : "id, salt and path do not lead to the signed root",
    equal ? null : "the sums at the top are not the signed ones",
  ];
};

// None listed means the main subaccount alone (proof.md).
const linesOf = (leaf) =>
  leaf.lines.length ? leaf.lines : [{ claim: leaf.claim, debt: leaf.debt, subaccount: "" }];

const checkStatement = (proof, attestation, owner) => {
  if (proof.leaves.length === 0) return "the statement has no leaf";
  const parts = [u32(proof.leaves.length)];
  for (const leaf of proof.leaves) {
    const isZero = (row) => row.claim === "0" && row.debt === "0";
    const lines = linesOf(leaf);
    if ((isZero(leaf) && !attestation.hasLog) || leaf.lines.some(isZero)) return "a leaf or a line is zero and zero";
    const claims = sum(lines.map((line) => line.claim));
    const debts = sum(lines.map((line) => line.debt));
    if (claims !== BigInt(leaf.claim) || debts !== BigInt(leaf.debt)) return "the lines do not add up to their leaf";
    if (leaf.lines.length === 1 && lines[0].subaccount === "") return "a main line that stands alone is spelled out";
    parts.push(lp(leaf.entity), lp(leaf.asset), u64(leaf.slot), u128(leaf.claim), u128(leaf.debt));
    parts.push(u32(lines.length));
    for (const line of lines) parts.push(lp(line.subaccount), u128(line.claim), u128(line.debt));
  }
  const { count, root } = attestation.accounts;
  const { path: encoded, salt, slot } = proof.account;
  const siblings = fromBase64(encoded);
  const length = pathLength(slot, count);
  if (length === null) return "the account's slot is past the last account";
  if (siblings.length !== 32 * length) {
    return "the account's path does not have the length that follows from slot and count";
  }
  const name = lp(proof.snapshot);
  const context = taggedHash(TAG.accountContext, name);
  const digest = taggedHash(TAG.statement, ...parts);
  const node = taggedHash(TAG.accountLeaf, context, fromHex(salt), owner, digest);
  const top = fold(node, slot, count, siblings, 32, (left, right) => taggedHash(TAG.accountNode, left, right));
  const found = toHex(taggedHash(TAG.accountRoot, name, u64(count), top)) === root;
  return found ? null : "the statement does not lead to the signed account root";
};

const decimalText = (quanta, scale) => {
  if (!scale) return quanta;
  const digits = quanta.padStart(scale + 1, "0");
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};

const readBalances = (proof, trees) =>
  proof.leaves.map((leaf) => {
    const tree = trees.get(treeName(leaf));
    const scale = tree ? tree.scale : null;
    const texts = (row) => ({ claim: decimalText(row.claim, scale), debt: decimalText(row.debt, scale) });
    const lines = linesOf(leaf).map((line) => ({ ...texts(line), subaccount: line.subaccount }));
    return { entity: leaf.entity, asset: leaf.asset, scale, ...texts(leaf), lines };
  });

const readProof = (data, attestation) => {
  if (attestation.problem !== null) throw new Malformed(attestation.problem);
  return within("proof", () => {
    const proof = parseFile(data);
    PROOF_FORM(proof);
    refuseUnless(proof.attestation === attestation.digest, " belongs to another attestation");
    refuseUnless(proof.snapshot === attestation.snapshot, " belongs to another snapshot");
    return proof;
  });
};

const worst = (problems, good) => {
  const failure = problems.find((problem) => problem);
  if (failure) return ["fail", failure];
  if (problems.length === 0) return ["unchecked", "there is no leaf"];
  if (problems.includes("")) return ["unchecked", "a leaf could not be followed to its end"];
  return ["pass", good];
};

const checkIdentity = (account, kind) => {
  if (account === null) return ["unchecked", "no id was typed, so nothing ties this proof to you"];
  const problem = accountIdProblem(account);
  if (problem) return ["fail", problem];
  if (kind === "assigned") return ["pass", "the exchange assigned this id, and could give it to someone else too"];
  return ["pass", "the id is your own"];
};

const CHECKS = [
  ...["form", "signature", "identity", "path", "sums", "statement"],
  ...["sections", "reserves", "chain", "same-root"],
];
const REQUIRED = CHECKS.slice(0, 6);

const makeReport = (results, assurances, attestation, balances) => {
  const checks = CHECKS.map((name) => {
    const [result, detail] = results[name];
    const assurance = result === "pass" ? assurances[name] || "proven" : null;
    return { name, result, required: REQUIRED.includes(name), assurance, detail };
  });
  let verdict = "valid";
  if (checks.some((check) => check.result === "fail")) verdict = "invalid";
  else if (checks.some((check) => check.required && check.result !== "pass")) verdict = "unchecked";
  const { exchange, fingerprint, snapshot } = attestation;
  return { balances, checks, exchange, fingerprint, snapshot, verdict };
};

const checkProof = (data, attestation, account) => {
  const results = {};
  for (const name of CHECKS) results[name] = ["unchecked", "not reached, because form failed"];
  results.reserves = ["unchecked", "whether the exchange holds what it owes is an auditor's work"];
  results.chain = ["unchecked", "needs the attestations before this one"];
  results["same-root"] = ["unchecked", attestation.fingerprint || "the attestation has no readable form"];
  let proof;
  try {
    proof = readProof(data, attestation);
  } catch (problem) {
    if (!(problem instanceof Malformed)) throw problem;
    results.form = ["fail", problem.message];
    return makeReport(results, {}, attestation, []);
  }
  results.form = ["pass", "both files are in the specified form"];
  results.signature = attestation.signature;
  results.sections = attestation.unknown.length
    ? ["unchecked", `sections that this verifier does not know: ${attestation.unknown.join(", ")}`]
    : ["pass", "every section is known"];
  results.identity = checkIdentity(account, proof.kind);
  const assurances = proof.kind === "assigned" ? { identity: "claimed" } : {};
  if (attestation.signature[0] === "fail" || results.identity[0] !== "pass") {
    const detail = "not reached, because signature failed or identity did not pass";
    for (const name of ["path", "sums", "statement"]) results[name] = ["unchecked", detail];
  } else {
    const owner = concat(lp(proof.kind), lp(account));
    const found = proof.leaves.map((leaf) => checkLeaf(leaf, attestation.trees.get(treeName(leaf)), owner));
    const column = (index) => found.map((problems) => problems[index]);
    results.path = worst(column(0), "every leaf is under its signed root");
    results.sums = worst(column(1), "every path adds up to the signed sums");
    const wrong = checkStatement(proof, attestation, owner);
    const good = "the leaves are your whole statement under the signed account root";
    results.statement = wrong ? ["fail", wrong] : ["pass", good];
    if (attestation.signature[0] !== "pass") {
      for (const name of ["path", "sums", "statement"]) assurances[name] = "claimed";
    }
  }
  return makeReport(results, assurances, attestation, readBalances(proof, attestation.trees));
};

/** Checks one proof; the report has the fields of the command's JSON. `key` is hex, or a key file's text or bytes. */
const verify = async ({ proof, attestation, key = null, account = null, forceFallback = false }) => {
  const subtle = browserCrypto(forceFallback);
  let reader;
  try {
    reader = readKey(key);
  } catch (problem) {
    if (!(problem instanceof Malformed)) throw problem;
    return { checks: [], error: problem.message, verdict: "unchecked" };
  }
  return checkProof(proof, await checkAttestation(attestation, reader, subtle), account);
};

globalThis.tallystick = Object.freeze({ checkAttestation, checkProof, ed25519Verify, readKey, sha256, sha512, verify });
