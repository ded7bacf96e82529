// What a batch needs beside its layers: its windows gathered from the dataset's rows, and its score. Few numbers, so plain
// loops; the score's are in f64 and in the order of ../kernels/path-loss.ts, for the same bits.
#pragma once
#include "simd.h"

/* Indices were checked; one that a kernel wrote since then counts as 0. */
INL const float *rowAt(const float *source, uint32_t index, uint32_t rows, size_t pitch) {
  return source + (index < rows ? index : 0) * pitch;
}

/* Windows of T steps and C columns, one at row index[b] of `source`, into time-major panels; spare lanes become 0. */
static void gatherPanels(const uint32_t *index, int B, uint32_t rows, const float *source, size_t pitch, int T, int C,
                         float *target, size_t step, int stride) {
  for (int b = 0; b < B; b++) {
    const float *s = rowAt(source, index[b], rows, pitch);
    for (int t = 0; t < T; t++, s += C)
      for (int c = 0; c < C; c += P) {
        float *d = target + t * step + (size_t)c * stride + (size_t)b * P;
        if (C - c >= P)
          for (int i = 0; i < P; i += W) st(d + i, ld(s + c + i));
        else {
          for (int i = 0; i < P; i += W) st(d + i, (vf){0});
          for (int i = 0; i < C - c; i++) d[i] = s[c + i];
        }
      }
  }
}
static void gatherRows(const uint32_t *index, int B, uint32_t rows, const float *source, size_t pitch, int columns,
                       float *target, size_t pitchTarget) {
  for (int b = 0; b < B; b++)
    memmove(target + b * pitchTarget, rowAt(source, index[b], rows, pitch), (size_t)columns * 4);
}

/*
 * The path y * std + mean (+ last SOH), its mean squared error in units of std, what metrics are made of, and the gradient of
 * y. soh: [B][1 + H], each window's last SOH and its target. scale: mean, std and 1 / std, [H] each. path [B, H] and dy
 * (panels) may be null. results: loss, sum of squares, of magnitudes, of squares at the last step, largest magnitude, each
 * rounded to float32; the sums of targets and of their squares are added to.
 */
static void scorePanels(const float *y, int stride, int B, int H, const float *soh, int residual, const float *scale,
                        float *path, float *dy, double *results) {
  const float *mean = scale, *std = scale + H, *inverse = std + H;
  double loss = 0, squares = 0, magnitudes = 0, lastSquares = 0, largest = 0, targets = results[5], targetSquares = results[6];
  double count = (double)B * H;
  for (int b = 0; b < B; b++, soh += 1 + H)
    for (int h = 0; h < H; h++) {
      size_t at = (size_t)(h / P * P) * stride + (size_t)b * P + h % P;
      double value = (double)y[at] * std[h] + mean[h], target = soh[1 + h], weight = inverse[h];
      float predicted = residual ? value + soh[0] : value;
      double error = (float)(predicted - target), magnitude = fabs(error), weighed = error * weight;
      loss += weighed * weighed;
      squares += error * error;
      magnitudes += magnitude;
      if (!(magnitude <= largest)) largest = isnan(largest) ? largest : magnitude; /* a NaN, once met, stays */
      if (h == H - 1) lastSquares += error * error;
      targets += target;
      targetSquares += target * target;
      if (path) path[(size_t)b * H + h] = predicted;
      if (dy) dy[at] = (double)(float)(2 * error * weight * weight / count) * std[h];
    }
  const double found[] = {loss / count, squares, magnitudes, lastSquares, largest};
  for (int i = 0; i < 5; i++) results[i] = (float)found[i];
  results[5] = targets, results[6] = targetSquares;
}
