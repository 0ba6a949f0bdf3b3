// A layer under a thin one, moved in a single pass over its units: what a relaxation step of a net with one hidden layer
// consists of.
//
//   THIN_PRODUCT  above = init + Σ_i h_i W_i        while h is still what it was
//   PRODUCT       drive = init + Σ_j o_j W_j        through the same weights
//   UPDATE        h = move(h, drive)
//
// Each vector of weights is loaded once for both products of two rows, and the activations are computed in the shadow of
// the multiply-adds. The arithmetic of every entry is that of the single operations, in the same order: no bit differs.
#pragma once

#include "elementwise.hpp"
#include "products.hpp"

namespace settle::SETTLE_ISA {

// Units above: the sums of two rows fill most of 32 registers. Ten classes are what nearly everybody has.
constexpr int FUSED_UNITS = 10;

// The three operations, or nothing.
struct Fused {
  const std::int32_t* thin = nullptr;
  const std::int32_t* product = nullptr;
  const std::int32_t* update = nullptr;
  // Panels of units that all have the rate 1, and need not remember what they were; of the first 64.
  std::uint64_t plainPanels = 0;
};

template <class T>
struct FusedOperands {
  Operation thin;
  Operation product;
  Operation update;
  RowsOf<T> state;
  RowsOf<const T> above;
  RowsOf<const T> constant;
  RowsOf<const T> thinInit;
  RowsOf<T> thinOut;
  const T* weights;
  const T* rates;
  Line<T> line;

  FusedOperands(const Fused& fused, std::uint8_t* memory)
      : thin(fused.thin, memory),
        product(fused.product, memory),
        update(fused.update, memory),
        state(update.rows<T>(A)),
        above(product.rows<const T>(A)),
        constant(product.rows<const T>(INIT)),
        thinInit(thin.rows<const T>(INIT)),
        thinOut(thin.rows<T>(OUT)),
        weights(product.pointer<const T>(WEIGHTS)),
        rates(update.pointer<const T>(GAIN)),
        line(lineOf<T>(update)) {}
};

#if defined(__AVX512F__)
// Moves CHUNKS stretches of 16 units of one row: as many chains of multiply-adds run at once.
template <bool IS_MAP, int KIND, int CHUNKS, bool WATCHED, bool PLAIN>
__attribute__((always_inline)) inline void moveChunks(const float* above, const float* weights, const float* constant,
                                                      const float* rates, float* state, Line<float> line,
                                                      Chains<float>* sums, Changes<float, WATCHED>& changes) {
  using V = Vector<float>;
  V before[CHUNKS], drive[CHUNKS];
  UNROLLED for (int k = 0; k < CHUNKS; k++) {
    before[k] = load<float>(state + k * CHAINS);
    drive[k] = load<float>(constant + k * CHAINS);
  }
  UNROLLED for (int j = 0; j < FUSED_UNITS; j++) {
    const V o = splat(above[j]);
    UNROLLED for (int k = 0; k < CHUNKS; k++) {
      const V w = load<float>(weights + j * PANEL + k * CHAINS);
      drive[k] = multiplyAdd<float>(o, w, drive[k]);
      sums[j].part[0] = multiplyAdd<float>(before[k], w, sums[j].part[0]);
    }
  }
  UNROLLED for (int k = 0; k < CHUNKS; k++) {
    V after;
    if constexpr (IS_MAP && PLAIN) {
      after = activate<KIND, float>(drive[k], line);
    } else if constexpr (IS_MAP) {
      after = mix<float>(before[k], activate<KIND, float>(drive[k], line), load<float>(rates + k * CHAINS));
    } else {
      after = moveEnergy<KIND, float>(before[k], drive[k], V{}, load<float>(rates + k * CHAINS), line);
    }
    store<float>(state + k * CHAINS, after);
    changes.see(before[k], after);
  }
}

template <bool IS_MAP, int KIND, bool WATCHED>
void runFusedKind(const FusedOperands<float>& operands, std::uint64_t plainPanels, Range rows, Watch& watch) {
  constexpr int CHUNKS = PANEL / CHAINS;
  const int columns = operands.product.word(COLUMNS);
  const float* const weights = operands.weights;
  const float* const rates = operands.rates;
  const Line<float> line = operands.line;
  for (int row = rows.begin; row < rows.end; row++) {
    float* const state = operands.state[row];
    const float* const constant = operands.constant[row];
    float above[FUSED_UNITS];
    std::copy(operands.above[row], operands.above[row] + FUSED_UNITS, above);
    Chains<float> sums[FUSED_UNITS] = {};
    Changes<float, WATCHED> changes;
    int column = 0;
    for (; column + PANEL <= columns; column += PANEL) {
      const auto move = [&](auto isPlain) __attribute__((always_inline)) {
        moveChunks<IS_MAP, KIND, CHUNKS, WATCHED, isPlain.value>(above, panelAt(weights, FUSED_UNITS, column),
                                                                 constant + column, rates + column, state + column, line,
                                                                 sums, changes);
      };
      const int panel = column / PANEL;
      const bool isPlain = IS_MAP && panel < 64 && (plainPanels >> panel & 1) != 0;
      if (isPlain) move(std::true_type{});
      else move(std::false_type{});
    }
    for (; column < columns; column += CHAINS) {
      moveChunks<IS_MAP, KIND, 1, WATCHED, false>(above, panelAt(weights, FUSED_UNITS, column), constant + column, rates + column,
                                           state + column, line, sums, changes);
    }
    finishThin<float, FUSED_UNITS>(sums, operands.thinInit, nullptr, operands.thinOut, row, 0);
    std::fill(operands.thinOut[row] + FUSED_UNITS, operands.thinOut[row] + THIN, 0.0f);
    changes.report(watch, operands.state, {row, row + 1}, {0, columns}, operands.update.word(LAYER));
  }
}
#endif

template <class T, bool WATCHED>
inline void runFused(const Fused& fused, std::uint8_t* memory, Range rows, Watch& watch) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    const FusedOperands<T> operands(fused, memory);
    const int kind = operands.update.word(ACTIVATION);
    if (operands.update.code() == UPDATE_ENERGY) runFusedKind<false, CLIPPED_LINE, WATCHED>(operands, fused.plainPanels, rows, watch);
    else if (kind == LOGISTIC) runFusedKind<true, LOGISTIC, WATCHED>(operands, fused.plainPanels, rows, watch);
    else if (kind == TANH) runFusedKind<true, TANH, WATCHED>(operands, fused.plainPanels, rows, watch);
    else runFusedKind<true, CLIPPED_LINE, WATCHED>(operands, fused.plainPanels, rows, watch);
  }
#endif
  (void)fused, (void)memory, (void)rows, (void)watch;
}

// Whether any operand of an operation lies at this address.
inline bool mentions(const std::int32_t* operation, std::int32_t address) {
  for (const int position : {A, B, C, D, OUT, INIT}) {
    if (operation[position] == address) return true;
  }
  return false;
}

inline bool isMovable(const std::int32_t* update) {
  const int kind = update[ACTIVATION];
  if (update[C] != 0) return false;
  if (update[CODE] == UPDATE_ENERGY) return kind == CLIPPED_LINE && update[OUT] == 0;
  return update[CODE] == UPDATE_MAP && (kind == LOGISTIC || kind == TANH || kind == CLIPPED_LINE);
}

// Bit p is set where every unit of panel p has the rate 1.
inline std::uint64_t plainPanelsOf(const float* rates, int columns) {
  std::uint64_t panels = 0;
  for (int panel = 0; panel < 64 && (panel + 1) * PANEL <= columns; panel++) {
    bool isPlain = true;
    for (int c = 0; c < PANEL; c++) isPlain = isPlain && rates[panel * PANEL + c] == 1.0f;
    if (isPlain) panels |= std::uint64_t(1) << panel;
  }
  return panels;
}

// Looks for the three operations in a step, in this order, with nothing between them that reads what they write.
template <class T>
inline Fused findFused(const std::int32_t* first, int count, std::uint8_t* memory) {
  Fused none;
#if defined(__AVX512F__)
  if constexpr (sizeof(T) != 4) return none;
  const auto at = [&](int k) { return first + k * OPERATION_WORDS; };
  for (int i = 0; i < count; i++) {
    const std::int32_t* const thin = at(i);
    if (thin[CODE] != THIN_PRODUCT || thin[DEPTH] != FUSED_UNITS || thin[GAIN] != 0) continue;
    for (int j = i + 1; j < count; j++) {
      const std::int32_t* const product = at(j);
      const bool isPartner = product[CODE] == PRODUCT && product[WEIGHTS] == thin[WEIGHTS] && product[DEPTH] == FUSED_UNITS &&
                             product[GAIN] == 0 && product[INIT] != 0 && product[COLUMNS] == thin[COLUMNS];
      if (!isPartner) continue;
      for (int k = j + 1; k < count; k++) {
        const std::int32_t* const update = at(k);
        if (!isMovable(update) || update[A] != thin[A] || update[B] != product[OUT]) continue;
        bool isAlone = true;
        for (int other = 0; other < count; other++) {
          if (other == i || other == j || other == k) continue;
          if (mentions(at(other), product[OUT])) isAlone = false;
          if (other > i && other < k && (mentions(at(other), thin[OUT]) || mentions(at(other), thin[A]))) isAlone = false;
          // What the layer above shows has to stay until the pass.
          if (other > j && other < k && at(other)[OUT] == product[A]) isAlone = false;
          if (other > j && other < k && at(other)[CODE] >= UPDATE_MAP && at(other)[CODE] <= UPDATE_PREDICTION &&
              at(other)[A] == product[A]) {
            isAlone = false;
          }
        }
        if (!isAlone) continue;
        const float* const rates = Operation(update, memory).pointer<const float>(GAIN);
        return {thin, product, update, plainPanelsOf(rates, thin[COLUMNS])};
      }
    }
  }
#endif
  (void)first, (void)count, (void)memory;
  return none;
}

}  // namespace settle::SETTLE_ISA
