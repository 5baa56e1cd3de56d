/* The parts of a proof as text (docs/spec/proof.md): base64, hex, decimal numbers, amounts, places in a tree. */
#ifndef TALLYSTICK_TEXT_H
#define TALLYSTICK_TEXT_H

#include "_sha256.h"

#define DECIMAL_MAX 39 /* digits of 2^128-1 */
#define LEVELS_MAX 64

static char base64_pairs[4096][2]; /* twelve bits to two letters */

static void make_base64(void) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 4096; i++) {
        base64_pairs[i][0] = letters[i >> 6];
        base64_pairs[i][1] = letters[i & 63];
    }
}

static size_t base64_size(size_t bytes) { return (bytes + 2) / 3 * 4; }

static uint8_t *write_base64(uint8_t *p, const uint8_t *data, size_t size) {
    size_t i = 0;
    for (; i + 3 <= size; i += 3, p += 4) {
        uint32_t v = ((uint32_t)data[i] << 16) | ((uint32_t)data[i + 1] << 8) | data[i + 2];
        memcpy(p, base64_pairs[v >> 12], 2);
        memcpy(p + 2, base64_pairs[v & 4095], 2);
    }
    if (i < size) {
        uint32_t v = ((uint32_t)data[i] << 16) | (i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0);
        memcpy(p, base64_pairs[v >> 12], 2);
        p[2] = i + 1 < size ? (uint8_t)base64_pairs[v & 4095][0] : '=';
        p[3] = '=';
        p += 4;
    }
    return p;
}

static uint8_t *write_hex(uint8_t *p, const uint8_t *data, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++, p += 2) {
        p[0] = (uint8_t)digits[data[i] >> 4];
        p[1] = (uint8_t)digits[data[i] & 15];
    }
    return p;
}

static uint8_t *write_u64(uint8_t *p, uint64_t v) {
    uint8_t text[20];
    size_t at = sizeof text;
    do text[--at] = (uint8_t)('0' + v % 10);
    while (v /= 10);
    memcpy(p, text + at, sizeof text - at);
    return p + (sizeof text - at);
}

/* A big-endian u128 in decimal: nine digits at a time, by long division in base 2^32. */
static uint8_t *write_u128(uint8_t *p, const uint8_t *data) {
    uint8_t text[45];
    size_t at = sizeof text;
    uint32_t limbs[4];
    if (load64(data) == 0) return write_u64(p, load64(data + 8));
    for (int i = 0; i < 4; i++) limbs[i] = load32(data + 4 * i);
    while (limbs[0] | limbs[1] | limbs[2] | limbs[3]) {
        uint64_t rest = 0;
        for (int i = 0; i < 4; i++) {
            uint64_t v = (rest << 32) | limbs[i];
            limbs[i] = (uint32_t)(v / 1000000000u);
            rest = v % 1000000000u;
        }
        for (int digit = 0; digit < 9; digit++, rest /= 10) text[--at] = (uint8_t)('0' + rest % 10);
    }
    while (text[at] == '0') at++;
    memcpy(p, text + at, sizeof text - at);
    return p + (sizeof text - at);
}

#define WRITE(p, literal) (memcpy(p, literal, sizeof(literal) - 1), (p) + sizeof(literal) - 1)

static uint8_t *write_bytes(uint8_t *p, const uint8_t *data, size_t size) {
    memcpy(p, data, size);
    return p + size;
}

/* One tree as Levels lays it out, and the constant text around its leaves. */
typedef struct {
    const uint8_t *levels[LEVELS_MAX], *salts, *head, *middle;
    size_t head_size, middle_size, width;
    uint64_t count;
} proof_tree;

/* Fill the level pointers; 0 if the buffers are too small for the shape. */
static int proof_tree_shape(proof_tree *t, const uint8_t *leaves, uint64_t leaf_bytes, const uint8_t *upper,
                            uint64_t upper_bytes, uint64_t salt_bytes) {
    uint64_t capacity = leaf_bytes / t->width, used = 0;
    if (t->count > capacity || salt_bytes / 32 < t->count) return 0;
    t->levels[0] = leaves;
    for (int k = 1; capacity > 1; k++) {
        capacity = (capacity + 1) / 2;
        t->levels[k] = upper + used;
        used += capacity * t->width;
    }
    return used <= upper_bytes;
}

static size_t path_size(const proof_tree *t) {
    size_t levels = 0;
    for (uint64_t c = t->count; c > 1; c = (c + 1) / 2) levels++;
    return levels * t->width;
}

/* "path":"...","salt":"...","slot":N} */
static uint8_t *write_place(uint8_t *p, const proof_tree *t, uint64_t slot) {
    uint8_t path[LEVELS_MAX * 64];
    size_t size = 0;
    uint64_t index = slot, count = t->count;
    for (int k = 0; count > 1; k++, index /= 2, count = (count + 1) / 2) {
        if ((index ^ 1) >= count) continue;
        memcpy(path + size, t->levels[k] + (index ^ 1) * t->width, t->width);
        size += t->width;
    }
    p = WRITE(p, "\"path\":\"");
    p = write_base64(p, path, size);
    p = WRITE(p, "\",\"salt\":\"");
    p = write_hex(p, t->salts + 32 * slot, 32);
    p = WRITE(p, "\",\"slot\":");
    p = write_u64(p, slot);
    return WRITE(p, "}");
}

/* Ask for the siblings that are not in the cache anyway: the lower levels. */
static void prefetch_place(const proof_tree *t, uint64_t slot) {
    uint64_t index = slot, count = t->count;
    prefetch(t->salts + 32 * slot);
    for (int k = 0; k < 6 && count > 1; k++, index /= 2, count = (count + 1) / 2)
        if ((index ^ 1) < count) prefetch(t->levels[k] + (index ^ 1) * t->width);
}

/* {"claim":"...","debt":"... up to the next quotation mark. */
static uint8_t *write_amounts(uint8_t *p, const uint8_t *amounts) {
    p = write_u128(p, amounts);
    p = WRITE(p, "\",\"debt\":\"");
    return write_u128(p, amounts + 16);
}

#define PLACE_SIZE (8 + 10 + 64 + 9 + 20 + 1)
#define AMOUNTS_SIZE (2 * DECIMAL_MAX + 10)
#define LINE_SIZE (10 + AMOUNTS_SIZE + 15 + 1 + 1)

#endif
