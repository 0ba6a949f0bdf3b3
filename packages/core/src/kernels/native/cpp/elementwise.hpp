// What happens to every entry by itself: moves of states, activations, sums of rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "activations.hpp"
#include "engine.hpp"
#include "operation.hpp"
#include "simd.hpp"

namespace settle::SETTLE_ISA {

constexpr int NO_LAYER = std::numeric_limits<int>::max();

inline void forget(Watch& watch) {
  watch.change = 0;
  watch.brokenLayer = NO_LAYER;
  watch.highestLayer = -1;
}

inline void take(Watch& watch, const Watch& other) {
  // A NaN wins, on whichever side it is.
  if (!(other.change <= watch.change) && !std::isnan(watch.change)) watch.change = other.change;
  if (other.brokenLayer < watch.brokenLayer) watch.brokenLayer = other.brokenLayer;
  if (other.highestLayer > watch.highestLayer) watch.highestLayer = other.highestLayer;
}

template <class T>
void runCopy(const Operation& operation, Range rows, Range columns) {
  const auto a = operation.rows<const T>(A);
  const auto out = operation.rows<T>(OUT);
  for (int row = rows.begin; row < rows.end; row++) {
    std::copy(a[row] + columns.begin, a[row] + columns.end, out[row] + columns.begin);
  }
}

template <class T>
void runFill(const Operation& operation, Range rows, Range columns) {
  const auto out = operation.rows<T>(OUT);
  const T value = static_cast<T>(operation.number(FIRST));
  for (int row = rows.begin; row < rows.end; row++) {
    std::fill(out[row] + columns.begin, out[row] + columns.end, value);
  }
}

// Calls body(row, column) for every vector of the region.
template <class T, class Body>
inline void eachVector(Range rows, Range columns, Body body) {
  for (int row = rows.begin; row < rows.end; row++) {
    for (int column = columns.begin; column < columns.end; column += WIDTH<T>) body(row, column);
  }
}

template <class T>
void runCombine(const Operation& operation, Range rows, Range columns) {
  const auto a = operation.rows<const T>(A);
  const auto b = operation.rows<const T>(B);
  const auto out = operation.rows<T>(OUT);
  const auto x = splat(static_cast<T>(operation.number(FIRST)));
  const auto y = splat(static_cast<T>(operation.number(SECOND)));
  if (!b) {
    eachVector<T>(rows, columns, [&](int row, int c) { store<T>(out[row] + c, x * load<T>(a[row] + c)); });
    return;
  }
  eachVector<T>(rows, columns, [&](int row, int c) {
    const Vector<T> second = y * load<T>(b[row] + c);
    store<T>(out[row] + c, multiplyAdd<T>(x, load<T>(a[row] + c), second));
  });
}

template <class T>
void runScaleColumns(const Operation& operation, Range rows, Range columns) {
  const auto a = operation.rows<const T>(A);
  const auto init = operation.rows<const T>(INIT);
  const auto out = operation.rows<T>(OUT);
  const T* const gain = operation.pointer<const T>(GAIN);
  eachVector<T>(rows, columns, [&](int row, int c) {
    const Vector<T> before = init ? load<T>(init[row] + c) : Vector<T>{};
    store<T>(out[row] + c, multiplyAdd<T>(load<T>(gain + c), load<T>(a[row] + c), before));
  });
}

template <class T>
inline Line<T> lineOf(const Operation& operation) {
  return {static_cast<T>(operation.number(FIRST)), static_cast<T>(operation.number(SECOND))};
}

template <class T>
void runEmit(const Operation& operation, Range rows, Range columns) {
  const auto a = operation.rows<const T>(A);
  const auto out = operation.rows<T>(OUT);
  const auto line = lineOf<T>(operation);
  withActivation(operation.word(ACTIVATION), [&](auto kind) {
    eachVector<T>(rows, columns, [&](int row, int c) {
      store<T>(out[row] + c, activate<kind, T>(load<T>(a[row] + c), line));
    });
  });
}

template <class T>
void runMultiplySlope(const Operation& operation, Range rows, Range columns) {
  const auto a = operation.rows<const T>(A);
  const auto b = operation.rows<const T>(B);
  const auto out = operation.rows<T>(OUT);
  const auto line = lineOf<T>(operation);
  withActivation(operation.word(ACTIVATION), [&](auto kind) {
    eachVector<T>(rows, columns, [&](int row, int c) {
      store<T>(out[row] + c, load<T>(a[row] + c) * slopeAt<kind, T>(load<T>(b[row] + c), line));
    });
  });
}

template <class T>
struct UpdateOperands {
  RowsOf<T> state;
  RowsOf<const T> drive;
  RowsOf<const T> nudge;
  RowsOf<const T> error;
  RowsOf<T> emitted;
  const T* rates;
  Line<T> line;
  bool nudgesInside;

  explicit UpdateOperands(const Operation& operation)
      : state(operation.rows<T>(A)),
        drive(operation.rows<const T>(B)),
        nudge(operation.rows<const T>(C)),
        error(operation.rows<const T>(D)),
        emitted(operation.rows<T>(OUT)),
        rates(operation.pointer<const T>(GAIN)),
        line(lineOf<T>(operation)),
        nudgesInside(operation.word(KIND) == NUDGE_INSIDE) {}
};

// A lane's view of the changes that one update makes; costs nothing where nobody looks.
template <class T, bool WATCHED>
struct Changes {
  Vector<T> largest{};
  // Becomes NaN with the first change that is not finite.
  Vector<T> fault{};

  void see(Vector<T> before, Vector<T> after) {
    if constexpr (WATCHED) {
      const Vector<T> change = absolute<T>(after - before);
      largest = change > largest ? change : largest;
      fault = multiplyAdd<T>(change, Vector<T>{}, fault);
    }
  }

  void report(Watch& watch, const RowsOf<T>& state, Range rows, Range columns, int layer) const {
    if constexpr (WATCHED) {
      bool isFinite = true;
      double most = 0;
      for (int i = 0; i < WIDTH<T>; i++) {
        isFinite = isFinite && fault[i] == T(0);
        most = std::max(most, static_cast<double>(largest[i]));
      }
      Watch seen;
      forget(seen);
      seen.change = isFinite ? most : std::numeric_limits<double>::quiet_NaN();
      if (!isFinite) {
        bool isState = false;
        for (int row = rows.begin; row < rows.end; row++) {
          for (int c = columns.begin; c < columns.end; c++) isState = isState || !std::isfinite(state[row][c]);
        }
        if (isState) seen.brokenLayer = layer;
      }
      seen.highestLayer = layer;
      take(watch, seen);
    }
  }
};

// `move(state, drive, nudge, row, column)` is the new state.
template <class T, bool WATCHED, class Move>
inline void moveStates(const UpdateOperands<T>& operands, Range rows, Range columns, int layer, Watch& watch, Move move) {
  Changes<T, WATCHED> changes;
  eachVector<T>(rows, columns, [&](int row, int c) {
    const Vector<T> before = load<T>(operands.state[row] + c);
    const Vector<T> nudge = operands.nudge ? load<T>(operands.nudge[row] + c) : Vector<T>{};
    const Vector<T> after = move(before, load<T>(operands.drive[row] + c), nudge, row, c);
    store<T>(operands.state[row] + c, after);
    changes.see(before, after);
  });
  changes.report(watch, operands.state, rows, columns, layer);
}

template <class T>
inline Vector<T> mix(Vector<T> before, Vector<T> shown, Vector<T> rate) {
  return multiplyAdd<T>(rate, shown, (T(1) - rate) * before);
}

template <class T, bool WATCHED>
void runUpdateMap(const Operation& operation, Range rows, Range columns, Watch& watch) {
  const UpdateOperands<T> operands(operation);
  const int layer = operation.word(LAYER);
  const auto rate = [&](int c) { return load<T>(operands.rates + c); };
  withActivation(operation.word(ACTIVATION), [&](auto kind) {
    if (operands.nudge && !operands.nudgesInside) {
      moveStates<T, WATCHED>(operands, rows, columns, layer, watch,
                             [&](Vector<T> before, Vector<T> drive, Vector<T> nudge, int, int c) {
                               return mix<T>(before, activate<kind, T>(drive, operands.line) + nudge, rate(c));
                             });
    } else {
      // Without a nudge this adds 0, which changes no drive.
      moveStates<T, WATCHED>(operands, rows, columns, layer, watch,
                             [&](Vector<T> before, Vector<T> drive, Vector<T> nudge, int, int c) {
                               return mix<T>(before, activate<kind, T>(drive + nudge, operands.line), rate(c));
                             });
    }
  });
}

template <int KIND, class T>
inline Vector<T> moveEnergy(Vector<T> before, Vector<T> drive, Vector<T> nudge, Vector<T> rate, Line<T> line) {
  T lowest, highest;
  rangeOf<KIND, T>(line, lowest, highest);
  const Vector<T> force = multiplyAdd<T>(slopeAt<KIND, T>(before, line), drive, nudge - before);
  return clip<T>(multiplyAdd<T>(rate, force, before), splat(lowest), splat(highest));
}

template <class T>
inline void emitFrom(const UpdateOperands<T>& operands, Vector<T> shown, int row, int c) {
  store<T>(operands.emitted[row] + c, shown);
}

template <class T, bool WATCHED>
void runUpdateEnergy(const Operation& operation, Range rows, Range columns, Watch& watch) {
  const UpdateOperands<T> operands(operation);
  withActivation(operation.word(ACTIVATION), [&](auto kind) {
    moveStates<T, WATCHED>(operands, rows, columns, operation.word(LAYER), watch,
                           [&](Vector<T> before, Vector<T> drive, Vector<T> nudge, int row, int c) {
                             const Vector<T> after = moveEnergy<kind, T>(before, drive, nudge,
                                                                         load<T>(operands.rates + c), operands.line);
                             if (operands.emitted) emitFrom<T>(operands, activate<kind, T>(after, operands.line), row, c);
                             return after;
                           });
  });
}

template <class T, bool WATCHED>
void runUpdatePrediction(const Operation& operation, Range rows, Range columns, Watch& watch) {
  const UpdateOperands<T> operands(operation);
  withActivation(operation.word(ACTIVATION), [&](auto kind) {
    moveStates<T, WATCHED>(operands, rows, columns, operation.word(LAYER), watch,
                           [&](Vector<T> before, Vector<T> drive, Vector<T> nudge, int row, int c) {
                             const Vector<T> error = load<T>(operands.error[row] + c);
                             const Vector<T> slope = slopeAt<kind, T>(before, operands.line);
                             const Vector<T> force = multiplyAdd<T>(slope, drive, nudge - error);
                             const Vector<T> after = multiplyAdd<T>(load<T>(operands.rates + c), force, before);
                             if (operands.emitted) emitFrom<T>(operands, activate<kind, T>(after, operands.line), row, c);
                             return after;
                           });
  });
}

template <class T>
void runSoftmax(const Operation& operation, Range rows) {
  const auto a = operation.rows<const T>(A);
  const auto out = operation.rows<T>(OUT);
  const int depth = operation.word(DEPTH);
  const int columns = operation.word(COLUMNS);
  for (int row = rows.begin; row < rows.end; row++) {
    T top = a[row][0];
    for (int i = 1; i < depth; i++) top = std::max(top, a[row][i]);
    T sum = 0;
    for (int i = 0; i < depth; i++) {
      out[row][i] = std::exp(a[row][i] - top);
      sum += out[row][i];
    }
    for (int i = 0; i < depth; i++) out[row][i] /= sum;
    std::fill(out[row] + depth, out[row] + columns, T(0));
  }
}

}  // namespace settle::SETTLE_ISA
