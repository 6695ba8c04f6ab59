/* PNG rows without their filters (W3C PNG, third edition, chapter 9), for samples of 8 bits.

   A row of a PNG is told by what it differs by from its neighbours: each byte from the one a pixel before (a), the one
   above (b) and the one above that a pixel before (c). What is taken back here is nothing else; that there are as many
   rows as the header declares, and that the stream is whole, is proved by who inflated them.

   Pixels of 3 and 4 bytes are worked on at once where the processor has SSE2 (every x86-64) or NEON (every ARM64). */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { NONE, SUB, UP, AVERAGE, PAETH };

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define FOUR 1
typedef __m128i lanes; /* the bytes of one pixel, 16 bits each */

static inline lanes load(const uint8_t *at) {
    int32_t bytes;
    memcpy(&bytes, at, 4);
    return _mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), _mm_setzero_si128());
}
static inline uint32_t packed(lanes value) { return (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(value, value)); }
static inline lanes low_byte(lanes value) { return _mm_and_si128(value, _mm_set1_epi16(255)); }
static inline lanes plus(lanes a, lanes b) { return _mm_add_epi16(a, b); }
static inline lanes minus(lanes a, lanes b) { return _mm_sub_epi16(a, b); }
static inline lanes half(lanes a) { return _mm_srli_epi16(a, 1); }
static inline lanes size_of(lanes a) { return _mm_max_epi16(a, _mm_sub_epi16(_mm_setzero_si128(), a)); }
static inline lanes smaller(lanes a, lanes b) { return _mm_min_epi16(a, b); }
static inline lanes equal(lanes a, lanes b) { return _mm_cmpeq_epi16(a, b); }
static inline lanes pick(lanes where, lanes a, lanes b) {
    return _mm_or_si128(_mm_and_si128(where, a), _mm_andnot_si128(where, b));
}
static inline lanes zero(void) { return _mm_setzero_si128(); }

#elif defined(__ARM_NEON)
#include <arm_neon.h>
#define FOUR 1
typedef int16x4_t lanes;

static inline lanes load(const uint8_t *at) {
    uint32_t bytes;
    memcpy(&bytes, at, 4);
    return vreinterpret_s16_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(bytes)))));
}
static inline uint32_t packed(lanes value) {
    return vget_lane_u32(vreinterpret_u32_u8(vqmovun_s16(vcombine_s16(value, value))), 0);
}
static inline lanes low_byte(lanes value) { return vand_s16(value, vdup_n_s16(255)); }
static inline lanes plus(lanes a, lanes b) { return vadd_s16(a, b); }
static inline lanes minus(lanes a, lanes b) { return vsub_s16(a, b); }
static inline lanes half(lanes a) { return vshr_n_s16(a, 1); }
static inline lanes size_of(lanes a) { return vabs_s16(a); }
static inline lanes smaller(lanes a, lanes b) { return vmin_s16(a, b); }
static inline lanes equal(lanes a, lanes b) { return vreinterpret_s16_u16(vceq_s16(a, b)); }
static inline lanes pick(lanes where, lanes a, lanes b) { return vbsl_s16(vreinterpret_u16_s16(where), a, b); }
static inline lanes zero(void) { return vdup_n_s16(0); }
#endif

static uint8_t nearest(int a, int b, int c) {
    int to_a = b - c, to_b = a - c, to_c = to_a + to_b;
    to_a = to_a < 0 ? -to_a : to_a;
    to_b = to_b < 0 ? -to_b : to_b;
    to_c = to_c < 0 ? -to_c : to_c;
    return (uint8_t)(to_a <= to_b && to_a <= to_c ? a : to_b <= to_c ? b : c);
}

/* A row, or the rest of one from byte `at` on; the first pixel has nothing before it. */
static void plain(int filter, const uint8_t *row, const uint8_t *above, uint8_t *out, size_t at, size_t size, size_t pixel) {
    for (; at < size; at++) {
        int a = at < pixel ? 0 : out[at - pixel], b = above[at], c = at < pixel ? 0 : above[at - pixel];
        int add = filter == SUB ? a : filter == AVERAGE ? (a + b) >> 1 : nearest(a, b, c);
        out[at] = (uint8_t)(row[at] + add);
    }
}

#ifdef FOUR
/* As `plain`, all bytes of a pixel at once. Four bytes are read and written, so what has only three is left to `plain`
   at the end of a row; where one pixel is written, the byte behind it is written again by the next. */
static size_t by_pixels(int filter, const uint8_t *row, const uint8_t *above, uint8_t *out, size_t size, size_t pixel) {
    lanes a = zero(), c = zero();
    size_t at = 0;
    for (; at + 4 <= size; at += pixel) {
        lanes b = load(above + at), add;
        if (filter == SUB) {
            add = a;
        } else if (filter == AVERAGE) {
            add = half(plus(a, b));
        } else {
            lanes to_a = minus(b, c), to_b = minus(a, c), to_c = size_of(plus(to_a, to_b));
            to_a = size_of(to_a);
            to_b = size_of(to_b);
            lanes least = smaller(to_c, smaller(to_a, to_b));
            add = pick(equal(least, to_a), a, pick(equal(least, to_b), b, c));
        }
        a = low_byte(plus(load(row + at), add));
        c = b;
        uint32_t bytes = packed(a);
        memcpy(out + at, &bytes, 4);
    }
    return at;
}
#endif

/* Take the filters off.

   rows:   height rows of one byte that names the filter and `size` bytes
   out:    height rows of `size` bytes
   size:   bytes of a row
   pixel:  bytes of a pixel

   0, or the number of the first row (from 1) that names a filter that there is not. */
#ifdef _WIN32
__declspec(dllexport)
#endif
size_t maskproof_unfilter(const uint8_t *rows, uint8_t *out, size_t height, size_t size, size_t pixel) {
    const uint8_t *above = NULL;
    for (size_t number = 0; number < height; number++, above = out, out += size, rows += size + 1) {
        int filter = rows[0];
        const uint8_t *row = rows + 1;
        if (filter > PAETH) return number + 1;
        /* Above the first row all is 0: then Up adds nothing, Average half of what is before, Paeth what is before. */
        if (!above && filter == UP) filter = NONE;
        if (!above && filter == PAETH) filter = SUB;
        if (filter == NONE) {
            memcpy(out, row, size);
        } else if (filter == UP) {
            for (size_t at = 0; at < size; at++) out[at] = (uint8_t)(row[at] + above[at]);
        } else if (!above && filter == AVERAGE) {
            for (size_t at = 0; at < size; at++) out[at] = (uint8_t)(row[at] + (at < pixel ? 0 : out[at - pixel] >> 1));
        } else {
            size_t done = 0;
#ifdef FOUR
            if (above && pixel > 2) done = by_pixels(filter, row, above, out, size, pixel);
#endif
            plain(filter, row, above ? above : out, out, done, size, pixel);
        }
    }
    return 0;
}
