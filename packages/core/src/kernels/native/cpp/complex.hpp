// States in the complex plane: activations continued, their updates, and the softmax. Real and imaginary parts are two tensors.
//
//   g(z) = 1 / (1 + e^(−z))          by e^(−|Re z|), which cannot overflow
//   logistic(z) = g(4z − 2),   holomorphic hard sigmoid: (z/2) g(z) + (1 − z/2) g(z − 2)
//   tanh(a + ib) = (t + i (1 − t²) sin b cos b) / (cos² b + t² sin² b),   t = tanh a
#pragma once

#include <cmath>

#include "elementwise.hpp"

namespace settle::SETTLE_ISA {

template <class T>
struct ComplexVector {
  Vector<T> re;
  Vector<T> im;
};

// sin x and cos x. Of float32, by polynomials on [−π/4, π/4] after taking away the nearest multiple of π/2; beyond 2^16, where
// neighbouring numbers are angles of no relation, those of 2^16. What is not finite has none.
inline void sineAndCosine(Vector<float> x, Vector<float>& sine, Vector<float>& cosine) {
  using V = Vector<float>;
  constexpr float ROUNDER = 12582912.0f;
  const V nothing = x - x;
  x = clip<float>(x, splat(-65536.0f), splat(65536.0f));
  const V turns = multiplyAdd<float>(x, splat(0.6366197723675814f), splat(ROUNDER));
  const Bits<float> quarter = reinterpret_cast<Bits<float>>(turns);
  const V count = turns - ROUNDER;
  // π/2 in three parts, so that the difference is exact for arguments of ordinary size.
  V r = multiplyAdd<float>(count, splat(-1.5703125f), x) + nothing;
  r = multiplyAdd<float>(count, splat(-4.837512969970703e-4f), r);
  r = multiplyAdd<float>(count, splat(-7.549789948768648e-8f), r);
  const V square = r * r;
  V s = splat(2.7183110372393126e-6f);
  s = multiplyAdd<float>(s, square, splat(-1.9839334788779525e-4f));
  s = multiplyAdd<float>(s, square, splat(8.333329385744428e-3f));
  s = multiplyAdd<float>(s, square, splat(-0.1666666664162529f));
  s = multiplyAdd<float>(r * square, s, r);
  V c = splat(2.4390443876117552e-5f);
  c = multiplyAdd<float>(c, square, splat(-1.3886763723794239e-3f));
  c = multiplyAdd<float>(c, square, splat(4.166662332218869e-2f));
  c = multiplyAdd<float>(c, square, splat(-0.4999999972509005f));
  c = multiplyAdd<float>(c, square, splat(1.0f));
  const V first = (quarter & 1) != 0 ? c : s;
  const V second = (quarter & 1) != 0 ? s : c;
  sine = (quarter & 2) != 0 ? -first : first;
  cosine = ((quarter + 1) & 2) != 0 ? -second : second;
}

inline void sineAndCosine(Vector<double> x, Vector<double>& sine, Vector<double>& cosine) {
  for (int i = 0; i < WIDTH<double>; i++) {
    sine[i] = std::sin(x[i]);
    cosine[i] = std::cos(x[i]);
  }
}

template <class T>
inline ComplexVector<T> complexLogistic(Vector<T> re, Vector<T> im) {
  using V = Vector<T>;
  const V size = exp2(absolute<T>(re) * static_cast<T>(-LOG2_E));
  V sine, cosine;
  sineAndCosine(im, sine, cosine);
  const V wRe = size * cosine;
  const V wIm = size * sine;
  const V sum = T(1) + wRe;
  const V square = multiplyAdd<T>(sum, sum, wIm * wIm);
  const V left = multiplyAdd<T>(wRe, sum, wIm * wIm);
  return {(re >= T(0) ? sum : left) / square, wIm / square};
}

template <int KIND, class T>
inline ComplexVector<T> activateComplex(Vector<T> re, Vector<T> im) {
  using V = Vector<T>;
  if constexpr (KIND == LOGISTIC) {
    return complexLogistic<T>(multiplyAdd<T>(re, splat(T(4)), splat(T(-2))), im * T(4));
  } else if constexpr (KIND == TANH) {
    const V t = hyperbolicTangent(re);
    V sine, cosine;
    sineAndCosine(im, sine, cosine);
    const V tSine = t * sine;
    const V square = multiplyAdd<T>(cosine, cosine, tSine * tSine);
    return {t / square, ((T(1) - t * t) * sine * cosine) / square};
  } else if constexpr (KIND == HOLOMORPHIC_HARD_SIGMOID) {
    const auto first = complexLogistic<T>(re, im);
    const auto second = complexLogistic<T>(re - T(2), im);
    const V halfRe = re * T(0.5);
    const V halfIm = im * T(0.5);
    const V restRe = T(1) - halfRe;
    const V secondRe = multiplyAdd<T>(restRe, second.re, halfIm * second.im);
    const V secondIm = multiplyAdd<T>(restRe, second.im, -(halfIm * second.re));
    return {multiplyAdd<T>(halfRe, first.re, -(halfIm * first.im)) + secondRe,
            multiplyAdd<T>(halfRe, first.im, halfIm * first.re) + secondIm};
  } else {
    return {re, im};
  }
}

template <class T, bool WATCHED>
void runUpdateMapComplex(const Operation& operation, Range rows, Range columns, Watch& watch) {
  using V = Vector<T>;
  const auto stateRe = operation.rows<T>(A);
  const auto stateIm = operation.rows<T>(B);
  const auto driveRe = operation.rows<const T>(C);
  const auto driveIm = operation.rows<const T>(D);
  const auto nudgeRe = operation.rows<const T>(OUT);
  const auto nudgeIm = operation.rows<const T>(INIT);
  const T* const rates = operation.pointer<const T>(GAIN);
  const bool isInside = operation.word(KIND) == NUDGE_INSIDE;
  Changes<T, WATCHED> changesRe, changesIm;
  withActivation(operation.word(ACTIVATION), [&](auto kind) {
    eachVector<T>(rows, columns, [&](int row, int c) {
      const V pullRe = nudgeRe ? load<T>(nudgeRe[row] + c) : V{};
      const V pullIm = nudgeIm ? load<T>(nudgeIm[row] + c) : V{};
      const V re = load<T>(driveRe[row] + c);
      const V im = load<T>(driveIm[row] + c);
      auto shown = isInside ? activateComplex<kind, T>(re + pullRe, im + pullIm) : activateComplex<kind, T>(re, im);
      if (!isInside) {
        shown.re += pullRe;
        shown.im += pullIm;
      }
      const V rate = load<T>(rates + c);
      const V beforeRe = load<T>(stateRe[row] + c);
      const V beforeIm = load<T>(stateIm[row] + c);
      const V afterRe = mix<T>(beforeRe, shown.re, rate);
      const V afterIm = mix<T>(beforeIm, shown.im, rate);
      store<T>(stateRe[row] + c, afterRe);
      store<T>(stateIm[row] + c, afterIm);
      changesRe.see(beforeRe, afterRe);
      changesIm.see(beforeIm, afterIm);
    });
  });
  changesRe.report(watch, stateRe, rows, columns, operation.word(LAYER));
  changesIm.report(watch, stateIm, rows, columns, operation.word(LAYER));
}

// Row by row in vectors, of which the last may reach into padding; sums of each place, then of all places in order.
template <class T>
void runSoftmaxComplex(const Operation& operation, Range rows) {
  using V = Vector<T>;
  const auto aRe = operation.rows<const T>(A);
  const auto aIm = operation.rows<const T>(B);
  const auto outRe = operation.rows<T>(OUT);
  const auto outIm = operation.rows<T>(INIT);
  const int depth = operation.word(DEPTH);
  const int columns = operation.word(COLUMNS);
  V places{};
  for (int i = 0; i < WIDTH<T>; i++) places[i] = static_cast<T>(i);
  for (int row = rows.begin; row < rows.end; row++) {
    T top = aRe[row][0];
    for (int i = 1; i < depth; i++) top = std::max(top, aRe[row][i]);
    V sumsRe{}, sumsIm{};
    for (int c = 0; c < depth; c += WIDTH<T>) {
      const V size = exp2((load<T>(aRe[row] + c) - top) * static_cast<T>(LOG2_E));
      V sine, cosine;
      sineAndCosine(load<T>(aIm[row] + c), sine, cosine);
      const auto isUnit = places < static_cast<T>(depth - c);
      const V re = isUnit ? size * cosine : V{};
      const V im = isUnit ? size * sine : V{};
      store<T>(outRe[row] + c, re);
      store<T>(outIm[row] + c, im);
      sumsRe += re;
      sumsIm += im;
    }
    T sumRe = 0, sumIm = 0;
    for (int i = 0; i < WIDTH<T>; i++) {
      sumRe += sumsRe[i];
      sumIm += sumsIm[i];
    }
    const T square = sumRe * sumRe + sumIm * sumIm;
    for (int c = 0; c < depth; c += WIDTH<T>) {
      const V re = load<T>(outRe[row] + c);
      const V im = load<T>(outIm[row] + c);
      store<T>(outRe[row] + c, (re * sumRe + im * sumIm) / square);
      store<T>(outIm[row] + c, (im * sumRe - re * sumIm) / square);
    }
    std::fill(outRe[row] + depth, outRe[row] + columns, T(0));
    std::fill(outIm[row] + depth, outIm[row] + columns, T(0));
  }
}

}  // namespace settle::SETTLE_ISA
