/* SHA-256 with the instructions of x86-64 processors: SHA-NI on two messages, AVX-512 on two times sixteen.
 * Included by _sha256.h only. Each function carries its own target, so that the module runs on any x86-64.
 */

enum { X86_SHANI = 1, X86_AVX512 = 2 };

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4]) {
#if defined(_MSC_VER) && !defined(__clang__)
    __cpuidex((int *)r, (int)leaf, (int)sub);
#else
    __cpuid_count(leaf, sub, r[0], r[1], r[2], r[3]);
#endif
}

/* Which register files the operating system saves; asked only if CPUID says that XGETBV exists. */
static uint64_t saved_state(void) {
#if defined(_MSC_VER) && !defined(__clang__)
    return _xgetbv(0);
#else
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
#endif
}

static int x86_features(void) {
    uint32_t r[4] = {0, 0, 0, 0}, one[4] = {0, 0, 0, 0}, seven[4] = {0, 0, 0, 0};
    int found = 0;
    cpuid(0, 0, r);
    if (r[0] < 7) return 0;
    cpuid(1, 0, one);
    cpuid(7, 0, seven);
    int ssse3_sse41 = (one[2] >> 9 & 1) && (one[2] >> 19 & 1);
    if (ssse3_sse41 && (seven[1] >> 29 & 1)) found |= X86_SHANI;
    int osxsave = one[2] >> 27 & 1;
    if (osxsave && (saved_state() & 0xE6) == 0xE6 && (seven[1] >> 16 & 1) && (seven[1] >> 30 & 1)) found |= X86_AVX512;
    return found;
}

/* ---- SHA-NI: the chain of one message leaves half of the unit idle, so two messages run side by side ---- */

#define SHANI TARGET("sha,sse4.1,ssse3")

/* Four rounds on both messages; `x` and `y` hold the schedule words of this step, round constants already added. */
#define SHANI_ROUNDS(x, y)                                                     \
    do {                                                                       \
        __m128i u = (x), v = (y);                                              \
        a1 = _mm_sha256rnds2_epu32(a1, a0, u);                                 \
        b1 = _mm_sha256rnds2_epu32(b1, b0, v);                                 \
        a0 = _mm_sha256rnds2_epu32(a0, a1, _mm_shuffle_epi32(u, 0x0E));        \
        b0 = _mm_sha256rnds2_epu32(b0, b1, _mm_shuffle_epi32(v, 0x0E));        \
    } while (0)

#define SHANI_EXPAND(w0, w1, w2, w3) \
    w0 = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4)), w3)

#define SHANI_K(i) _mm_load_si128((const __m128i *)(K + 4 * (i)))
#define SHANI_STEP(i, x, y) SHANI_ROUNDS(_mm_add_epi32(x, SHANI_K(i)), _mm_add_epi32(y, SHANI_K(i)))

/* Steps 4 to 15 need new schedule words: word group w0 is rewritten from w0 to w3, then used. */
#define SHANI_NEXT(i, x0, x1, x2, x3, y0, y1, y2, y3) \
    SHANI_EXPAND(x0, x1, x2, x3);                     \
    SHANI_EXPAND(y0, y1, y2, y3);                     \
    SHANI_STEP(i, x0, y0)

#define SHANI_NEXT4(i)                                   \
    SHANI_NEXT(i, x0, x1, x2, x3, y0, y1, y2, y3);       \
    SHANI_NEXT((i) + 1, x1, x2, x3, x0, y1, y2, y3, y0); \
    SHANI_NEXT((i) + 2, x2, x3, x0, x1, y2, y3, y0, y1); \
    SHANI_NEXT((i) + 3, x3, x0, x1, x2, y3, y0, y1, y2)

SHANI static void shani_store(uint8_t *out, __m128i abef, __m128i cdgh) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)out, _mm_shuffle_epi8(_mm_blend_epi16(feba, dchg, 0xF0), swap));
    _mm_storeu_si128((__m128i *)(out + 16), _mm_shuffle_epi8(_mm_alignr_epi8(dchg, feba, 8), swap));
}

SHANI static void shani_pair(const uint8_t *p, const uint8_t *q, size_t blocks, const uint32_t *tail, uint8_t *out_p,
                             uint8_t *out_q) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i a0 = _mm_set_epi32((int)0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
    __m128i a1 = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
    __m128i b0 = a0, b1 = a1;
    for (size_t block = 0; block < blocks; block++, p += BLOCK, q += BLOCK) {
        const __m128i p0 = a0, p1 = a1, q0 = b0, q1 = b1;
#define SHANI_LOAD(from, i) _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)((from) + 16 * (i))), swap)
        __m128i x0 = SHANI_LOAD(p, 0), x1 = SHANI_LOAD(p, 1), x2 = SHANI_LOAD(p, 2), x3 = SHANI_LOAD(p, 3);
        __m128i y0 = SHANI_LOAD(q, 0), y1 = SHANI_LOAD(q, 1), y2 = SHANI_LOAD(q, 2), y3 = SHANI_LOAD(q, 3);
        SHANI_STEP(0, x0, y0);
        SHANI_STEP(1, x1, y1);
        SHANI_STEP(2, x2, y2);
        SHANI_STEP(3, x3, y3);
        SHANI_NEXT4(4);
        SHANI_NEXT4(8);
        SHANI_NEXT4(12);
        a0 = _mm_add_epi32(a0, p0), a1 = _mm_add_epi32(a1, p1);
        b0 = _mm_add_epi32(b0, q0), b1 = _mm_add_epi32(b1, q1);
    }
    if (tail) {
        const __m128i p0 = a0, p1 = a1, q0 = b0, q1 = b1;
        for (int i = 0; i < 16; i++) {
            __m128i kw = _mm_loadu_si128((const __m128i *)(tail + 4 * i));
            SHANI_ROUNDS(kw, kw);
        }
        a0 = _mm_add_epi32(a0, p0), a1 = _mm_add_epi32(a1, p1);
        b0 = _mm_add_epi32(b0, q0), b1 = _mm_add_epi32(b1, q1);
    }
    shani_store(out_p, a0, a1);
    shani_store(out_q, b0, b1);
}

static void hash_shani(const uint8_t *const *messages, size_t blocks, const uint32_t *tail, uint8_t *const *outs,
                       size_t count) {
    size_t m = 0;
    for (; m + 2 <= count; m += 2) shani_pair(messages[m], messages[m + 1], blocks, tail, outs[m], outs[m + 1]);
    if (m < count) {
        uint8_t unused[DIGEST];
        shani_pair(messages[m], messages[m], blocks, tail, unused, outs[m]);
    }
}

/* ---- AVX-512: one message in each 32-bit lane, two groups of sixteen so that the chains overlap ---- */

#define AVX512 TARGET("avx512f,avx512bw")

static hash_function avx512_remainder;

/* Rows to columns: out[i] lane j = in[j] lane i. Its own inverse. */
AVX512 INLINE void transpose(__m512i r[16]) {
    __m512i t[16], u[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        u[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        u[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        u[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        u[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(u[i], u[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(u[i], u[i + 4], 0xDD);
        t[i + 8] = _mm512_shuffle_i32x4(u[i + 8], u[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(u[i + 8], u[i + 12], 0xDD);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xDD);
        r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
        r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xDD);
    }
}

AVX512 INLINE __m512i swap_words(__m512i x) {
    const __m512i swap = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL));
    return _mm512_shuffle_epi8(x, swap);
}

#define XOR3(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define SIGMA(x, i, j, k) XOR3(_mm512_ror_epi32(x, i), _mm512_ror_epi32(x, j), _mm512_ror_epi32(x, k))
#define GAMMA(x, i, j, k) XOR3(_mm512_ror_epi32(x, i), _mm512_ror_epi32(x, j), _mm512_srli_epi32(x, k))
#define ADD(x, y) _mm512_add_epi32(x, y)

/* One round of one group; the eight state words change names instead of places. */
#define AVX512_ROUND(s, n, kw)                                                                         \
    do {                                                                                               \
        __m512i *A = &s[(0 - (n)) & 7], *B = &s[(1 - (n)) & 7], *C = &s[(2 - (n)) & 7];                \
        __m512i *D = &s[(3 - (n)) & 7], *E = &s[(4 - (n)) & 7], *F = &s[(5 - (n)) & 7];                \
        __m512i *G = &s[(6 - (n)) & 7], *H = &s[(7 - (n)) & 7];                                        \
        __m512i t1 = ADD(ADD(*H, kw), ADD(_mm512_ternarylogic_epi32(*E, *F, *G, 0xCA), SIGMA(*E, 6, 11, 25))); \
        *D = ADD(*D, t1);                                                                              \
        *H = ADD(t1, ADD(_mm512_ternarylogic_epi32(*A, *B, *C, 0xE8), SIGMA(*A, 2, 13, 22)));          \
    } while (0)

#define AVX512_EXPAND(w, n) \
    w[(n) & 15] = ADD(ADD(w[(n) & 15], GAMMA(w[((n) + 1) & 15], 7, 18, 3)), \
                      ADD(w[((n) + 9) & 15], GAMMA(w[((n) + 14) & 15], 17, 19, 10)))

#define AVX512_FIRST(n)                        \
    do {                                       \
        __m512i k = _mm512_set1_epi32((int)K[n]); \
        AVX512_ROUND(s, n, ADD(w[n], k));      \
        AVX512_ROUND(r, n, ADD(v[n], k));      \
    } while (0)

#define AVX512_LATER(n)                              \
    do {                                             \
        __m512i k = _mm512_set1_epi32((int)round[n]); \
        AVX512_EXPAND(w, n);                         \
        AVX512_ROUND(s, n, ADD(w[n], k));            \
        AVX512_EXPAND(v, n);                         \
        AVX512_ROUND(r, n, ADD(v[n], k));            \
    } while (0)

#define AVX512_TAIL(n)                               \
    do {                                             \
        __m512i k = _mm512_set1_epi32((int)round[n]); \
        AVX512_ROUND(s, n, k);                       \
        AVX512_ROUND(r, n, k);                       \
    } while (0)

#define SIXTEEN(X) X(0); X(1); X(2); X(3); X(4); X(5); X(6); X(7); X(8); X(9); X(10); X(11); X(12); X(13); X(14); X(15)

AVX512 static void avx512_32(const uint8_t *const *messages, size_t blocks, const uint32_t *tail,
                             uint8_t *const *outs) {
    __m512i s[8], r[8], w[16], v[16], s_before[8], r_before[8];
    for (int i = 0; i < 8; i++) s[i] = r[i] = _mm512_set1_epi32((int)INITIAL[i]);
    for (size_t block = 0; block < blocks; block++) {
        for (int i = 0; i < 16; i++) {
            w[i] = swap_words(_mm512_loadu_si512((const void *)(messages[i] + BLOCK * block)));
            v[i] = swap_words(_mm512_loadu_si512((const void *)(messages[i + 16] + BLOCK * block)));
        }
        transpose(w);
        transpose(v);
        for (int i = 0; i < 8; i++) s_before[i] = s[i], r_before[i] = r[i];
        SIXTEEN(AVX512_FIRST);
        for (const uint32_t *round = K + 16; round < K + 64; round += 16) {
            SIXTEEN(AVX512_LATER);
        }
        for (int i = 0; i < 8; i++) s[i] = ADD(s[i], s_before[i]), r[i] = ADD(r[i], r_before[i]);
    }
    if (tail) {
        for (int i = 0; i < 8; i++) s_before[i] = s[i], r_before[i] = r[i];
        for (const uint32_t *round = tail; round < tail + 64; round += 16) {
            SIXTEEN(AVX512_TAIL);
        }
        for (int i = 0; i < 8; i++) s[i] = ADD(s[i], s_before[i]), r[i] = ADD(r[i], r_before[i]);
    }
    for (int i = 0; i < 8; i++) w[i] = s[i], w[i + 8] = r[i];
    transpose(w); /* Row i is now the digest of message i, then that of message i + 16. */
    for (int i = 0; i < 16; i++) {
        __m512i both = swap_words(w[i]);
        _mm256_storeu_si256((__m256i *)outs[i], _mm512_castsi512_si256(both));
        _mm256_storeu_si256((__m256i *)outs[i + 16], _mm512_extracti64x4_epi64(both, 1));
    }
}

static void hash_avx512(const uint8_t *const *messages, size_t blocks, const uint32_t *tail, uint8_t *const *outs,
                        size_t count) {
    size_t m = 0;
    for (; m + 32 <= count; m += 32) avx512_32(messages + m, blocks, tail, outs + m);
    size_t left = count - m;
    if (left >= 12) { /* Lanes without a message repeat the last one; fewer are quicker one by one. */
        const uint8_t *padded[32];
        uint8_t *padded_outs[32], unused[DIGEST];
        for (size_t i = 0; i < 32; i++) {
            padded[i] = messages[m + (i < left ? i : left - 1)];
            padded_outs[i] = i < left ? outs[m + i] : unused;
        }
        avx512_32(padded, blocks, tail, padded_outs);
    } else if (left) {
        avx512_remainder(messages + m, blocks, tail, outs + m, left);
    }
}
