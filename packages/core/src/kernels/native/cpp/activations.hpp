// The activations of packages/core/src/activations on vectors, and their slopes.
//
//   clipped line   clip(slope · x, 0, highest)        slope where 0 <= slope · x <= highest, 0 elsewhere
//   logistic       1 / (1 + e^(2 − 4x))               4 σ (1 − σ)
//   tanh
//   holomorphic hard sigmoid   (x/2) g(x) + (1 − x/2) g(x − 2),   g the plain logistic
//   identity
//
// float32: 2^z = 2^⌊z⌋ · p(z − ⌊z⌋), p a polynomial of degree 5 (relative error 7.5e-8). float64: the C
// library's functions, entry by entry.
#pragma once

#include <cmath>
#include <limits>

#include "simd.hpp"
#include "words.hpp"

namespace settle::SETTLE_ISA {

constexpr double LOG2_E = 1.4426950408889634;

// z − ⌊z⌋, which may be 1 for a z just below a whole number; 0 for infinities.
inline Vector<float> fraction(Vector<float> z) {
  // Of two operands of which one is no number the second is returned. There is one instruction for all of this in AVX-512, but
  // it rounds the difference downwards, and other machines do not.
#if defined(__AVX512F__)
  return _mm512_max_ps(z - _mm512_roundscale_ps(z, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC), Vector<float>{});
#elif defined(__AVX2__)
  return _mm256_max_ps(z - _mm256_floor_ps(z), Vector<float>{});
#else
  const Vector<float> f = z - reinterpret_cast<Vector<float>>(vrndmq_f32(z));
  return f > 0.0f ? f : Vector<float>{};
#endif
}

// p · 2^⌊z⌋ for 1 <= p <= 2, rounded once: infinite or 0 far out, NaN where z is.
inline Vector<float> scale(Vector<float> p, Vector<float> z) {
#if defined(__AVX512F__)
  return _mm512_scalef_ps(p, z);
#else
  // In two factors, each of which a float32 holds; the first product is exact.
#if defined(__AVX2__)
  const Vector<float> whole = _mm256_floor_ps(z);
#else
  const Vector<float> whole = reinterpret_cast<Vector<float>>(vrndmq_f32(z));
#endif
  const Bits<float> n = __builtin_convertvector(clip<float>(whole, splat(-250.0f), splat(250.0f)), Bits<float>);
  const Bits<float> half = n >> 1;
  const Vector<float> scaled = p * reinterpret_cast<Vector<float>>((half + 127) << 23) *
                               reinterpret_cast<Vector<float>>((n - half + 127) << 23);
  return z == z ? scaled : z;
#endif
}

inline Vector<float> exp2(Vector<float> z) {
  const Vector<float> f = fraction(z);
  Vector<float> p = splat(0.0018775766856129713f);
  p = multiplyAdd<float>(p, f, splat(0.008989340231418043f));
  p = multiplyAdd<float>(p, f, splat(0.05582631775665412f));
  p = multiplyAdd<float>(p, f, splat(0.24015361723419035f));
  p = multiplyAdd<float>(p, f, splat(0.6931530731575195f));
  p = multiplyAdd<float>(p, f, splat(0.99999992506596f));
  return scale(p, z);
}

inline Vector<double> exp2(Vector<double> z) {
  for (int i = 0; i < WIDTH<double>; i++) z[i] = std::exp2(z[i]);
  return z;
}

// 1 / (1 + e^(−(slope · x + offset)))
template <class T>
inline Vector<T> sigmoid(Vector<T> x, T slope, T offset) {
  const Vector<T> z = multiplyAdd<T>(x, splat(static_cast<T>(-slope * LOG2_E)), splat(static_cast<T>(-offset * LOG2_E)));
  return T(1) / (T(1) + exp2(z));
}

// Near zero by a polynomial, so that small arguments keep their relative accuracy.
inline Vector<float> hyperbolicTangent(Vector<float> x) {
  using V = Vector<float>;
  const V size = absolute<float>(x);
  const V e = exp2(size * static_cast<float>(-2 * LOG2_E));
  const V far = (1.0f - e) / (1.0f + e);
  const V square = x * x;
  V p = splat(-0.006282437896470219f);
  p = multiplyAdd<float>(p, square, splat(0.021077735073367704f));
  p = multiplyAdd<float>(p, square, splat(-0.05385385274779411f));
  p = multiplyAdd<float>(p, square, splat(0.13332601640991137f));
  p = multiplyAdd<float>(p, square, splat(-0.3333331804454836f));
  const V near = multiplyAdd<float>(x, square * p, x);
  const V signedFar = x < 0.0f ? -far : far;
  return size > 0.55f ? signedFar : near;
}

inline Vector<double> hyperbolicTangent(Vector<double> x) {
  for (int i = 0; i < WIDTH<double>; i++) x[i] = std::tanh(x[i]);
  return x;
}

// What an operation says of its activation.
template <class T>
struct Line {
  T slope;
  T highest;
};

template <int KIND, class T>
inline Vector<T> activate(Vector<T> x, Line<T> line) {
  using V = Vector<T>;
  if constexpr (KIND == CLIPPED_LINE) {
    return clip<T>(x * line.slope, V{}, splat(line.highest));
  } else if constexpr (KIND == LOGISTIC) {
    return sigmoid<T>(x, T(4), T(-2));
  } else if constexpr (KIND == TANH) {
    return hyperbolicTangent(x);
  } else if constexpr (KIND == HOLOMORPHIC_HARD_SIGMOID) {
    const V half = x * T(0.5);
    const V value = half * sigmoid<T>(x, T(1), T(0)) + (T(1) - half) * sigmoid<T>(x, T(1), T(-2));
    return value;
  } else {
    return x;
  }
}

template <int KIND, class T>
inline Vector<T> slopeAt(Vector<T> x, Line<T> line) {
  using V = Vector<T>;
  const V one = splat(T(1));
  if constexpr (KIND == CLIPPED_LINE) {
    const V slope = splat(line.slope);
    const V above = x >= V{} ? slope : V{};
    return x * line.slope <= splat(line.highest) ? above : V{};
  } else if constexpr (KIND == LOGISTIC) {
    const V y = sigmoid<T>(x, T(4), T(-2));
    return T(4) * y * (one - y);
  } else if constexpr (KIND == TANH) {
    const V y = hyperbolicTangent(x);
    return one - y * y;
  } else if constexpr (KIND == HOLOMORPHIC_HARD_SIGMOID) {
    const V first = sigmoid<T>(x, T(1), T(0));
    const V second = sigmoid<T>(x, T(1), T(-2));
    const V half = x * T(0.5);
    return (first - second) * T(0.5) + half * (first * (one - first)) + (one - half) * (second * (one - second));
  } else {
    return one;
  }
}

// Range of the states of an energy, as the activation's `lowest` and `highest` in TypeScript.
template <int KIND, class T>
inline void rangeOf(Line<T> line, T& lowest, T& highest) {
  constexpr T INFINITE = std::numeric_limits<T>::infinity();
  lowest = KIND == TANH ? T(-1) : KIND == HOLOMORPHIC_HARD_SIGMOID ? T(-0.0867) : KIND == IDENTITY ? -INFINITE : T(0);
  highest = KIND == CLIPPED_LINE               ? line.highest
            : KIND == HOLOMORPHIC_HARD_SIGMOID ? T(1.0867)
            : KIND == IDENTITY                 ? INFINITE
                                               : T(1);
}

// Calls `body` with the activation's number as a constant, so that loops are compiled once for each.
template <class Body>
inline void withActivation(int kind, Body body) {
  switch (kind) {
    case CLIPPED_LINE: return body(std::integral_constant<int, CLIPPED_LINE>{});
    case LOGISTIC: return body(std::integral_constant<int, LOGISTIC>{});
    case TANH: return body(std::integral_constant<int, TANH>{});
    case HOLOMORPHIC_HARD_SIGMOID: return body(std::integral_constant<int, HOLOMORPHIC_HARD_SIGMOID>{});
    default: return body(std::integral_constant<int, IDENTITY>{});
  }
}

}  // namespace settle::SETTLE_ISA
