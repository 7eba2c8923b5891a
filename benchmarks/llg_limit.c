/* What a core can do: stochastic Heun steps of macrospins and of dipole-coupled grains.

   Single precision in vectors of 16, state in registers, xoshiro128+ with Box-Muller by
   polynomials, spin-transfer torque at a fixed current, renormalisation in every step.
   It holds no circuit, no pulse, no observable and no gradient. Grains: one dense matrix
   product of all three components for each of the two stages. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));
typedef uint32_t vu __attribute__((vector_size(64)));
typedef struct { vf x, y, z; } vec;
typedef struct { vu s[4]; } rng;

static const float ROT = 0.1f, ALPHA = 0.01f, NOISE = 0.03f, TORQUE = 0.004f, AXIS = 1.0f;

static inline vf root(vf a) { vf r; for (int i = 0; i < 16; i++) r[i] = sqrtf(a[i]); return r; }
static inline vf inverse_root(vf a) { vf r; for (int i = 0; i < 16; i++) r[i] = 1 / sqrtf(a[i]); return r; }

static inline vu next(rng *g) {
  vu *s = g->s, out = s[0] + s[3], t = s[1] << 9;
  s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t;
  s[3] = (s[3] << 11) | (s[3] >> 21);
  return out;
}

/* Two normals: the quadrant comes from the top bits. */
static inline void normals(rng *g, vf *a, vf *b) {
  vu word = next(g), angle = next(g);
  vf u = 2.0f - (vf)((word >> 9) | 0x3f800000u);
  vi bits = (vi)u + (0x3f800000 - 0x3f3504f3);
  vf e = __builtin_convertvector((bits >> 23) - 127, vf);
  vf x = (vf)((bits & 0x7fffff) + 0x3f3504f3) - 1.0f, x2 = x * x;
  vf p = 7.0376836292e-2f * x - 1.1514610310e-1f;
  p = p * x + 1.1676998740e-1f; p = p * x - 1.2420140846e-1f;
  p = p * x + 1.4249322787e-1f; p = p * x - 1.6668057665e-1f;
  p = p * x + 2.0000714765e-1f; p = p * x - 2.4999993993e-1f;
  p = p * x + 3.3333331174e-1f;
  vf radius = root(-2.0f * (x + x2 * (x * p - 0.5f) + e * 0.69314718f));
  vf t = __builtin_convertvector((vi)(angle << 2), vf) * (float)(M_PI / 4 / 2147483648.0), t2 = t * t;
  vf s = ((-1.9515295891e-4f * t2 + 8.3321608736e-3f) * t2 - 1.6666654611e-1f) * t2 * t + t;
  vf c = ((2.443315711e-5f * t2 - 1.388731625e-3f) * t2 + 4.166664568e-2f) * t2 * t2 - 0.5f * t2 + 1.0f;
  vi swap = (vi)angle >> 31; /* all ones or none */
  vu sign = (angle << 1) & 0x80000000u;
  vi first = ((vi)s & swap) | ((vi)c & ~swap), second = ((vi)c & swap) | ((vi)s & ~swap);
  *a = radius * (vf)((vu)first ^ sign);
  *b = radius * (vf)((vu)second ^ sign);
}

static inline vec cross(vec a, vec b) {
  return (vec){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

/* -rot (m x b' + alpha m x (m x b')), b' = b + torque (z x m) */
static inline vec change(vec m, vec b) {
  b.x -= TORQUE * m.y; b.y += TORQUE * m.x;
  vec c = cross(m, b), d = cross(m, c);
  return (vec){-ROT * (c.x + ALPHA * d.x), -ROT * (c.y + ALPHA * d.y), -ROT * (c.z + ALPHA * d.z)};
}

static inline vec unit(vec m) {
  vf r = inverse_root(m.x * m.x + m.y * m.y + m.z * m.z);
  return (vec){m.x * r, m.y * r, m.z * r};
}

static inline vec heun(vec m, vf n0, vf n1, vf n2) {
  vec b = {NOISE * n0, NOISE * n1, AXIS * m.z + NOISE * n2};
  vec k = change(m, b), a = {m.x + k.x, m.y + k.y, m.z + k.z};
  vec l = change(a, (vec){b.x, b.y, AXIS * a.z + NOISE * n2});
  return unit((vec){m.x + 0.5f * (k.x + l.x), m.y + 0.5f * (k.y + l.y), m.z + 0.5f * (k.z + l.z)});
}

static void seed(rng *g, uint32_t block) {
  uint64_t s = 0x9E3779B97F4A7C15ull * (block + 1);
  for (int k = 0; k < 4; k++)
    for (int i = 0; i < 16; i++) {
      s ^= s >> 12; s ^= s << 25; s ^= s >> 27;
      g->s[k][i] = (uint32_t)((s * 2685821657736338717ull) >> 32);
    }
}

/* Mean m_z of `spins` (a multiple of 32) macrospins after `steps`. */
double macrospins(int spins, int steps) {
  double sum = 0;
  for (int block = 0; block < spins / 32; block++) {
    rng g; seed(&g, block);
    vf o = {0};
    vec m[2] = {{o + 0.1f, o, o + 0.994987f}, {o + 0.1f, o, o + 0.994987f}};
    for (int t = 0; t < steps; t++) {
      vf n[6];
      for (int k = 0; k < 3; k++) normals(&g, n + 2 * k, n + 2 * k + 1);
      m[0] = heun(m[0], n[0], n[1], n[2]);
      m[1] = heun(m[1], n[3], n[4], n[5]);
    }
    for (int i = 0; i < 16; i++) sum += m[0].z[i] + m[1].z[i];
  }
  return sum / spins;
}

#define BATCH 32
/* h = k m for the 3 * grains rows; tiles of 8 rows by 32 samples stay in registers. */
static void field(int rows, const float *k, const vf *m, vf *h) {
  for (int r = 0; r < rows; r += 8) {
    vf acc[8][2] = {0};
    for (int c = 0; c < rows; c++) {
      vf m0 = m[2 * c], m1 = m[2 * c + 1];
#pragma GCC unroll 8
      for (int i = 0; i < 8; i++) {
        float w = k[(r + i) * rows + c];
        acc[i][0] += w * m0; acc[i][1] += w * m1;
      }
    }
    for (int i = 0; i < 8; i++) { h[2 * (r + i)] = acc[i][0]; h[2 * (r + i) + 1] = acc[i][1]; }
  }
}

/* Mean m_z of `samples` (a multiple of 32) of `grains` (a multiple of 8) coupled grains. */
double coupled(int samples, int grains, int steps, const float *k) {
  int rows = 3 * grains;
  size_t bytes = sizeof(vf) * 2 * rows;
  vf *m = aligned_alloc(64, bytes), *a = aligned_alloc(64, bytes), *h = aligned_alloc(64, bytes);
  vf *n = aligned_alloc(64, bytes), *d = aligned_alloc(64, bytes), o = {0};
  double sum = 0;
  for (int block = 0; block < samples / BATCH; block++) {
    rng g; seed(&g, block);
    for (int i = 0; i < 2 * grains; i++) { m[i] = o + 0.1f; m[2 * grains + i] = o; m[4 * grains + i] = o + 0.994987f; }
    for (int t = 0; t < steps; t++) {
      int y = 2 * grains, z = 4 * grains;
      field(rows, k, m, h);
      for (int i = 0; i < 2 * grains; i += 2) {
        vf w[6];
        for (int j = 0; j < 3; j++) normals(&g, w + 2 * j, w + 2 * j + 1);
        for (int j = 0; j < 2; j++) {
          int q = i + j;
          n[q] = NOISE * w[3 * j]; n[y + q] = NOISE * w[3 * j + 1]; n[z + q] = NOISE * w[3 * j + 2];
          vec c = change((vec){m[q], m[y + q], m[z + q]}, (vec){h[q] + n[q], h[y + q] + n[y + q], h[z + q] + n[z + q]});
          d[q] = c.x; d[y + q] = c.y; d[z + q] = c.z;
          a[q] = m[q] + c.x; a[y + q] = m[y + q] + c.y; a[z + q] = m[z + q] + c.z;
        }
      }
      field(rows, k, a, h);
      for (int q = 0; q < 2 * grains; q++) {
        vec c = change((vec){a[q], a[y + q], a[z + q]}, (vec){h[q] + n[q], h[y + q] + n[y + q], h[z + q] + n[z + q]});
        vec u = unit((vec){m[q] + 0.5f * (d[q] + c.x), m[y + q] + 0.5f * (d[y + q] + c.y), m[z + q] + 0.5f * (d[z + q] + c.z)});
        m[q] = u.x; m[y + q] = u.y; m[z + q] = u.z;
      }
    }
    for (int i = 0; i < 2 * grains; i++) for (int j = 0; j < 16; j++) sum += m[4 * grains + i][j];
  }
  free(m); free(a); free(h); free(n); free(d);
  return sum / samples / grains;
}
