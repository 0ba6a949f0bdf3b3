// Runs programs (../../compiled/operations.ts) for one instruction set, in the namespace named by SETTLE_ISA.
#pragma once

#include <cmath>

#include "complex.hpp"
#include "convolution.hpp"
#include "elementwise.hpp"
#include "engine.hpp"
#include "fused.hpp"
#include "outer.hpp"
#include "pooling.hpp"
#include "products.hpp"
#include "sparse.hpp"
#include "transposed-convolution.hpp"

namespace settle::SETTLE_ISA {

// Operations of a program from one address on.
struct Program {
  const std::int32_t* first;
  int count;
};

template <class T>
class Runner {
 public:
  Runner(const Run& run, int lane) : run_(run), lane_(lane), rows_(run.words[ROWS]) {}

  void runAll() {
    if (run_.words[SPLIT] == OVER_ROWS) runOverRows();
    else runOverColumns();
  }

 private:
  Program programAt(int word) const {
    const auto address = static_cast<std::uint32_t>(run_.words[word]);
    return {reinterpret_cast<const std::int32_t*>(run_.memory + address), run_.words[word + 1]};
  }

  bool isStopping() const {
    const auto address = static_cast<std::uint32_t>(run_.words[STOP_WORD]);
    if (address == 0) return false;
    return __atomic_load_n(reinterpret_cast<const std::int32_t*>(run_.memory + address), __ATOMIC_RELAXED) != 0;
  }

  double tolerance() const {
    double value;
    std::memcpy(&value, run_.words + TOLERANCE, sizeof(value));
    return value;
  }

  Watch& seen() { return run_.lanes.seen[lane_]; }
  void meet() const {
    if (run_.lanes.count > 1) run_.lanes.meet(run_.lanes.team);
  }

  // ---- samples are independent: every block of rows goes through the whole phase by itself

  void runOverRows() {
    const Program step = programAt(STEP);
    if (run_.words[STEPS] > 0) fused_ = findFused<T>(step.first, step.count, run_.memory);
    // As many blocks as give every lane the same work.
    const int lanes = run_.lanes.count;
    // A fused step keeps two samples and the weights in the first cache.
    const int blockRows = fused_.thin == nullptr ? run_.words[BLOCK_ROWS] : 2;
    const int least = (rows_ + blockRows - 1) / blockRows;
    const int blocks = std::min(rows_, (least + lanes - 1) / lanes * lanes);
    if (tolerance() > 0) {
      runStepByStep(blocks);
      return;
    }
    Watch& watch = seen();
    forget(watch);
    watch.step = run_.words[STEPS];
    for (;;) {
      const int block = run_.lanes.nextBlock->fetch_add(1, std::memory_order_relaxed);
      if (block >= blocks) break;
      if (watch.step != -1 && !passThrough(part(rows_, blocks, block), watch)) watch.step = -1;
    }
    meet();
    const Seen all = lookAround();
    meet();
    // Once more, looking at every step: BEFORE sets everything back. Hardly ever, and it leaves the states of the broken step.
    if (!all.isStopped && !std::isfinite(all.watch.change)) runStepByStep(blocks);
    else if (lane_ == 0) answer(all, run_.words[STEPS]);
  }

  // Whole phase of a block; false when it was stopped. Changes are looked at in the last step only, for what is not finite
  // stays so.
  bool passThrough(Range rows, Watch& watch) {
    const int steps = run_.words[STEPS];
    runProgram<false>(programAt(BEFORE), rows, watch);
    const Program step = programAt(STEP);
    for (int k = 1; k <= steps; k++) {
      if (isStopping()) return false;
      if (k < steps) runProgram<false>(step, rows, watch);
      else runProgram<true>(step, rows, watch);
    }
    runProgram<false>(programAt(AFTER), rows, watch);
    return true;
  }

  void runStepByStep(int blocks) {
    const Range mine = part(blocks, run_.lanes.count, lane_);
    const auto eachBlock = [&](auto visit) {
      for (int block = mine.begin; block < mine.end; block++) visit(part(rows_, blocks, block));
    };
    Watch ignored;
    forget(ignored);
    eachBlock([&](Range rows) { runProgram<false>(programAt(BEFORE), rows, ignored); });
    runSteps([&](Watch& watch) {
      eachBlock([&](Range rows) { runProgram<true>(programAt(STEP), rows, watch); });
    });
    eachBlock([&](Range rows) { runProgram<false>(programAt(AFTER), rows, ignored); });
    meet();
  }

  // ---- all lanes take every operation together

  void runOverColumns() {
    Watch ignored;
    forget(ignored);
    shareProgram<false>(programAt(BEFORE), ignored);
    if (run_.words[STEPS] > 0) {
      runSteps([&](Watch& watch) { shareProgram<true>(programAt(STEP), watch); });
    } else if (lane_ == 0) {
      Seen nothing;
      forget(nothing.watch);
      nothing.isStopped = false;
      answer(nothing, 0);
    }
    shareProgram<false>(programAt(AFTER), ignored);
  }

  // Steps that all lanes make in time with each other, until one of the reasons to end; lane 0 writes the answer.
  template <class Step>
  void runSteps(Step makeStep) {
    const double tolerated = tolerance();
    const int most = run_.words[STEPS];
    const int least = run_.words[LEAST_STEPS];
    // Before the first step and at the end of each, every lane says whether it was asked to stop, and all obey together: a
    // lane that left by itself would leave the others waiting at the next barrier.
    Watch& watch = seen();
    forget(watch);
    watch.step = isStopping() ? -1 : 0;
    for (int k = 0;; k++) {
      if (k > 0) {
        forget(watch);
        makeStep(watch);
        watch.step = isStopping() ? -1 : k;
      }
      meet();
      const Seen all = lookAround();
      // Nobody writes the next step's watch before everybody has read this one's.
      meet();
      const bool isBroken = !std::isfinite(all.watch.change);
      const bool isAtRest = k > 0 && tolerated > 0 && all.watch.change < tolerated && k >= least;
      // What was asked in the last step comes too late to matter.
      const bool isStopped = all.isStopped && k < most;
      if (!(isStopped || isBroken || isAtRest || k == most)) continue;
      if (lane_ == 0) answer({all.watch, isStopped && !isAtRest}, k);
      return;
    }
  }

  // ---- answers

  // What all lanes saw.
  struct Seen {
    Watch watch;
    bool isStopped;
  };

  Seen lookAround() const {
    Seen all;
    forget(all.watch);
    all.isStopped = false;
    for (int lane = 0; lane < run_.lanes.count; lane++) {
      take(all.watch, run_.lanes.seen[lane]);
      all.isStopped = all.isStopped || run_.lanes.seen[lane].step == -1;
    }
    return all;
  }

  void answer(const Seen& all, int steps) {
    const Watch& watch = all.watch;
    run_.words[STEPS_DONE] = steps;
    std::memcpy(run_.words + CHANGE, &watch.change, sizeof(watch.change));
    if (all.isStopped) {
      run_.words[STATUS] = STOPPED;
    } else if (std::isfinite(watch.change)) {
      run_.words[STATUS] = DONE;
    } else {
      run_.words[STATUS] = NOT_FINITE;
      run_.words[BROKEN_STEP] = steps;
      run_.words[BROKEN_LAYER] = watch.brokenLayer != NO_LAYER ? watch.brokenLayer : watch.highestLayer;
    }
  }

  // ---- operations

  template <bool WATCHED>
  void runProgram(Program program, Range rows, Watch& watch) {
    for (int k = 0; k < program.count; k++) {
      const std::int32_t* const words = program.first + k * OPERATION_WORDS;
      if (words == fused_.thin || words == fused_.product) continue;
      if (words == fused_.update) {
        runFused<T, WATCHED>(fused_, run_.memory, rows, watch);
        continue;
      }
      const Operation operation(words, run_.memory);
      if (operation.code() != BARRIER) perform<WATCHED>(operation, rows, {0, operation.word(COLUMNS)}, watch);
    }
  }

  template <bool WATCHED>
  void shareProgram(Program program, Watch& watch) {
    for (int k = 0; k < program.count; k++) {
      const Operation operation(program.first + k * OPERATION_WORDS, run_.memory);
      const int code = operation.code();
      const int columns = operation.word(COLUMNS);
      if (code == BARRIER) {
        meet();
      } else if (reducesRows(code)) {
        reduce(operation);
      } else if (operation.word(SHARE) == BY_ROWS) {
        const Range rows = part(rows_, run_.lanes.count, lane_);
        if (!rows.empty()) perform<WATCHED>(operation, rows, {0, columns}, watch);
      } else {
        const Range mine = myPanels(columns);
        if (!mine.empty()) perform<WATCHED>(operation, {0, rows_}, mine, watch);
      }
    }
    meet();
  }

  // Columns of whole panels, so that every lane's weights lie together.
  Range myPanels(int columns) const {
    const Range panels = part((columns + PANEL - 1) / PANEL, run_.lanes.count, lane_);
    const int end = panels.end * PANEL;
    return {panels.begin * PANEL, end < columns ? end : columns};
  }

  static bool reducesRows(int code) {
    return code == OUTER || code == SPARSE_OUTER || code == COLUMN_SUM || code == LIST_COLUMNS || code == TRANSPOSE ||
           code == PACK || code == CONVOLVE_OUTER;
  }

  // Sums over the batch, of which every lane makes some entries.
  void reduce(const Operation& operation) {
    const int columns = operation.word(COLUMNS);
    const Range single = part(columns, run_.lanes.count, lane_);
    switch (operation.code()) {
      case OUTER: return runOuter<T>(operation, rows_, myPanels(columns));
      case SPARSE_OUTER: return runSparseOuter<T>(operation, myPanels(columns));
      case COLUMN_SUM: return runColumnSum<T>(operation, rows_, myPanels(columns));
      case LIST_COLUMNS: return runListColumns<T>(operation, rows_, single);
      case TRANSPOSE: return runTranspose<T>(operation, myUnits(operation.word(DEPTH)));
      case PACK: return runPack<T>(operation, single);
      case CONVOLVE_OUTER: return runConvolveOuter<T>(operation, rows_, run_.lanes.count, lane_);
    }
  }

  // Units in stretches that fill whole panels of the transposed copy.
  Range myUnits(int units) const {
    const Range panels = part((units + PANEL - 1) / PANEL, run_.lanes.count, lane_);
    const int end = panels.end * PANEL;
    return {panels.begin * PANEL, end < units ? end : units};
  }

  template <bool WATCHED>
  void perform(const Operation& operation, Range rows, Range columns, Watch& watch) {
    switch (operation.code()) {
      case COPY: return runCopy<T>(operation, rows, columns);
      case FILL: return runFill<T>(operation, rows, columns);
      case COMBINE: return runCombine<T>(operation, rows, columns);
      case SCALE_COLUMNS: return runScaleColumns<T>(operation, rows, columns);
      case PRODUCT: return runProduct<T>(operation, rows, columns);
      case THIN_PRODUCT: return runThinProduct<T>(operation, rows);
      case SPARSE_PRODUCT: return runSparseProduct<T>(operation, rows, columns);
      case LIST_SAMPLES: return runListSamples<T>(operation, rows);
      case UPDATE_MAP: return runUpdateMap<T, WATCHED>(operation, rows, columns, watch);
      case UPDATE_ENERGY: return runUpdateEnergy<T, WATCHED>(operation, rows, columns, watch);
      case UPDATE_PREDICTION: return runUpdatePrediction<T, WATCHED>(operation, rows, columns, watch);
      case UPDATE_MAP_COMPLEX: return runUpdateMapComplex<T, WATCHED>(operation, rows, columns, watch);
      case EMIT: return runEmit<T>(operation, rows, columns);
      case MULTIPLY_SLOPE: return runMultiplySlope<T>(operation, rows, columns);
      case SOFTMAX: return runSoftmax<T>(operation, rows);
      case SOFTMAX_COMPLEX: return runSoftmaxComplex<T>(operation, rows);
      case PLACE: return runPlace<T>(operation, rows);
      case PICK: return runPick<T>(operation, rows);
      case CONVOLVE: return runConvolve<T>(operation, rows);
      case POOL: return runPool<T>(operation, rows);
      case UNCONVOLVE: return runUnconvolve<T>(operation, rows);
    }
  }

  const Run& run_;
  const int lane_;
  const int rows_;
  // Of the step of a run over rows.
  Fused fused_;
};

}  // namespace settle::SETTLE_ISA
