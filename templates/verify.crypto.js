// SHA-256, SHA-512 and strict Ed25519 without any library (docs/spec/encoding.md sections 1 and 5).
// The round constants are derived, as FIPS 180-4 defines them: fractions of roots of the first primes.

const integerRoot = (value, degree) => {
  let low = 0n;
  let high = 1n << (BigInt(value.toString(2).length) / degree + 1n);
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** degree <= value) low = middle;
    else high = middle - 1n;
  }
  return low;
};
const PRIMES = [];
for (let n = 2; PRIMES.length < 80; n++) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
const MASK64 = 2n ** 64n - 1n;
const K512 = PRIMES.map((prime) => integerRoot(BigInt(prime) << 192n, 3n) & MASK64);
const H512 = PRIMES.slice(0, 8).map((prime) => integerRoot(BigInt(prime) << 128n, 2n) & MASK64);
const K256 = Int32Array.from(K512.slice(0, 64), (word) => Number(word >> 32n));
const H256 = Int32Array.from(H512, (word) => Number(word >> 32n));
const SCHEDULE = new Int32Array(64);

/** Fills the message up to whole blocks: 80, zeros, and the length in bits, big-endian. */
const padded = (message, blockSize) => {
  const lengthSize = blockSize / 8;
  const blocks = Math.ceil((message.length + 1 + lengthSize) / blockSize);
  const data = new Uint8Array(blocks * blockSize);
  data.set(message);
  data[message.length] = 0x80;
  new DataView(data.buffer).setBigUint64(data.length - 8, BigInt(message.length) * 8n);
  return new DataView(data.buffer);
};

/** SHA-256 at once: a path of 16 nodes costs less than one promise of the browser's own. */
const sha256 = (message) => {
  const view = padded(message, 64);
  const state = H256.slice();
  const w = SCHEDULE;
  for (let start = 0; start < view.byteLength; start += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(start + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let a = state[0];
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    let f = state[5];
    let g = state[6];
    let h = state[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K256[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, index) => digest.setInt32(4 * index, word));
  return new Uint8Array(digest.buffer);
};

/** SHA-512; only a signature needs it, so plain BigInt is fast enough. */
const sha512 = (message) => {
  const view = padded(message, 128);
  const rotate = (x, n) => ((x >> n) | (x << (64n - n))) & MASK64;
  let state = H512;
  for (let start = 0; start < view.byteLength; start += 128) {
    const w = [];
    for (let i = 0; i < 16; i++) w.push(view.getBigUint64(start + 8 * i));
    for (let i = 16; i < 80; i++) {
      const s0 = rotate(w[i - 15], 1n) ^ rotate(w[i - 15], 8n) ^ (w[i - 15] >> 7n);
      const s1 = rotate(w[i - 2], 19n) ^ rotate(w[i - 2], 61n) ^ (w[i - 2] >> 6n);
      w.push((w[i - 16] + s0 + w[i - 7] + s1) & MASK64);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 80; i++) {
      const s1 = rotate(e, 14n) ^ rotate(e, 18n) ^ rotate(e, 41n);
      const t1 = h + s1 + ((e & f) ^ (~e & MASK64 & g)) + K512[i] + w[i];
      const t2 = (rotate(a, 28n) ^ rotate(a, 34n) ^ rotate(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
      [a, b, c, d, e, f, g, h] = [(t1 + t2) & MASK64, a, b, c, (d + t1) & MASK64, e, f, g];
    }
    state = [a, b, c, d, e, f, g, h].map((word, index) => (word + state[index]) & MASK64);
  }
  const digest = new DataView(new ArrayBuffer(64));
  state.forEach((word, index) => digest.setBigUint64(8 * index, word));
  return new Uint8Array(digest.buffer);
};

const concat = (...parts) => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let start = 0;
  for (const part of parts) {
    whole.set(part, start);
    start += part.length;
  }
  return whole;
};
const equalBytes = (one, two) => one.length === two.length && one.every((byte, index) => byte === two[index]);
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (text) => {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
};

// Ed25519 in extended coordinates (RFC 8032 section 5.1.4)

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
const SMALL_ORDER_Y = [0n, 1n, P - 1n, ORDER_8_Y, P - ORDER_8_Y];
const mod = (value) => {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
};
const power = (base, exponent) => {
  let result = 1n;
  for (let square = mod(base); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
};
const D = mod(-121665n * power(121666n, P - 2n));
const SQRT_M1 = power(2n, (P - 1n) / 4n);
const littleEndian = (bytes) => BigInt("0x" + (toHex(Uint8Array.from(bytes).reverse()) || "0"));

const isStrictPoint = (encoded) => {
  const y = littleEndian(encoded) & (2n ** 255n - 1n);
  return encoded.length === 32 && y < P && !SMALL_ORDER_Y.includes(y);
};
const strictPrecheck = (key, signature) =>
  key.length === 32 &&
  signature.length === 64 &&
  littleEndian(signature.slice(32)) < L &&
  isStrictPoint(key) &&
  isStrictPoint(signature.slice(0, 32));

const decodePoint = (encoded) => {
  const number = littleEndian(encoded);
  const y = number & (2n ** 255n - 1n);
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) === mod(-u)) x = mod(x * SQRT_M1);
  if (mod(v * x * x) !== u) return null;
  if ((x & 1n) !== number >> 255n) x = mod(-x);
  return [x, y, 1n, mod(x * y)];
};
const negate = ([x, y, z, t]) => [mod(-x), y, z, mod(-t)];
const add = ([x1, y1, z1, t1], [x2, y2, z2, t2]) => {
  const a = ((y1 - x1) * (y2 - x2)) % P;
  const b = ((y1 + x1) * (y2 + x2)) % P;
  const c = (2n * D * t1 * t2) % P;
  const d = (2n * z1 * z2) % P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
};
const double = ([x, y, z]) => {
  const a = (x * x) % P;
  const b = (y * y) % P;
  const h = a + b;
  const e = h - (x + y) ** 2n;
  const g = a - b;
  const f = 2n * z * z + g;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
};
const oddMultiples = (point) => {
  const multiples = [point];
  while (multiples.length < 8) multiples.push(add(multiples[multiples.length - 1], double(point)));
  return multiples;
};
/** Non-adjacent form of width 5, lowest digit first. */
const signedDigits = (scalar) => {
  const digits = [];
  for (; scalar > 0n; scalar >>= 1n) {
    let digit = scalar & 1n ? Number(scalar & 31n) : 0;
    if (digit > 15) digit -= 32;
    scalar -= BigInt(digit);
    digits.push(digit);
  }
  return digits;
};
const doubleScalar = (...terms) => {
  const sums = terms.map(([scalar, point]) => [signedDigits(scalar), oddMultiples(point)]);
  let total = [0n, 1n, 1n, 0n];
  for (let position = 255; position >= 0; position--) {
    total = double(total);
    for (const [digits, multiples] of sums) {
      const digit = digits[position] || 0;
      if (digit > 0) total = add(total, multiples[digit >> 1]);
      else if (digit < 0) total = add(total, negate(multiples[-digit >> 1]));
    }
  }
  return total;
};
const BASE_Y = mod(4n * power(5n, P - 2n));
const BASE = decodePoint(fromHex(BASE_Y.toString(16).padStart(64, "0")).reverse());

/** All four rules: [S]B - [k]A is computed, and its encoding compared with R. */
const ed25519Verify = (key, message, signature) => {
  if (!strictPrecheck(key, signature)) return false;
  const point = decodePoint(key);
  if (point === null) return false;
  const k = littleEndian(sha512(concat(signature.slice(0, 32), key, message))) % L;
  const s = littleEndian(signature.slice(32));
  const [x, y, z] = doubleScalar([s, BASE], [k, negate(point)]);
  const inverse = power(z, P - 2n);
  const encoded = mod(y * inverse) | ((mod(x * inverse) & 1n) << 255n);
  return encoded === littleEndian(signature.slice(0, 32));
};

/** The browser's own cryptography, or null: pages from plain HTTP have none, and a test may do without. */
const browserCrypto = (forceFallback) => (forceFallback ? null : (globalThis.crypto && crypto.subtle) || null);

/** The rule above, and where the browser knows Ed25519 it must agree: browsers differ in what else they accept. */
const verifySignature = async (key, message, signature, subtle) => {
  if (!ed25519Verify(key, message, signature)) return false;
  if (subtle === null) return true;
  let imported;
  try {
    imported = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return true; // a browser without Ed25519
  }
  return subtle.verify({ name: "Ed25519" }, imported, signature, message);
};
