// The border between what is compiled once (addon.cpp, team.hpp) and what is compiled for each instruction set (engine.cpp).
//
// Nothing inline may cross it: the linker keeps one copy of a function, and it must not be one whose instructions an older
// processor lacks. So only plain data and function pointers are here, and the engine's own code lies in a namespace of its
// instruction set.
#pragma once

#include <atomic>
#include <cstdint>

namespace settle {

// What a lane saw of the changes of states in one step.
struct alignas(64) Watch {
  double change;
  // Lowest layer with a state that is not finite.
  int brokenLayer;
  // Highest layer that moved: named where a change overflowed between states that are finite.
  int highestLayer;
  // The step in which this lane stopped looking.
  int step;
};

// The lanes that make a run together.
struct Lanes {
  int count;
  // Returns when all lanes have called it.
  void (*meet)(void* team);
  void* team;
  // One per lane; written by its own lane, read by all between two meetings.
  Watch* seen;
  // Counts blocks of rows; 0 when a run begins.
  std::atomic<int>* nextBlock;
};

// A run of the program whose RUN_WORDS lie at `words`; every lane calls `run` once.
struct Run {
  std::uint8_t* memory;
  std::int32_t* words;
  Lanes lanes;
};

// One instruction set's engine. `burn` does so many rounds of float32 multiply-adds in registers and returns how many
// operations that were.
#define SETTLE_ENGINE(instructions)             \
  namespace instructions {                      \
  void runFloat32(const Run& run, int lane);    \
  void runFloat64(const Run& run, int lane);    \
  double burn(std::int64_t rounds);             \
  }
SETTLE_ENGINE(avx512)
SETTLE_ENGINE(avx2)
SETTLE_ENGINE(neon)
#undef SETTLE_ENGINE

}  // namespace settle
