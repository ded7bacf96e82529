// The activations of dense layers with their derivatives, on W lanes.
#pragma once
#include "simd.h"

enum { LINEAR, TANH, RELU, GELU, SILU };

/* kind: one of the above but LINEAR; gelu is the exact one. At NaN all give NaN; relu's derivative at 0 is 0, as in PyTorch. */
INL void activation(int kind, vf x, vf *value, vf *derivative) {
  vf one = vset(1), half = vset(0.5f);
  if (kind == TANH) {
    *value = vtanh(x);
    *derivative = fma_(-*value, *value, one);
  } else if (kind == RELU) {
    *value = vmax_(vset(0), x);
    *derivative = (vf)((vi)one & ~(x <= 0));
  } else if (kind == GELU) {
    vf phi = fma_(half, verf(x * 0.707106781186547524f), half);
    *value = x * phi;
    *derivative = fma_(x, vexpNegative(x * x * -0.5f) * 0.398942280401432678f, phi);
  } else {
    vf s = vsigmoid(x);
    *value = x * s;
    *derivative = s * fma_(x, one - s, one);
  }
}
