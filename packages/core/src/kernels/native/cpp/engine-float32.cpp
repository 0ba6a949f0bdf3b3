// The engine on float32 entries, for one instruction set.
#include "runner.hpp"

namespace settle::SETTLE_ISA {

void runFloat32(const Run& run, int lane) { Runner<float>(run, lane).runAll(); }

// Enough independent chains to fill every multiply-add unit.
double burn(std::int64_t rounds) {
  constexpr int CHAINS_AT_ONCE = REGISTERS == 32 ? 16 : 12;
  Vector<float> sums[CHAINS_AT_ONCE];
  UNROLLED for (int i = 0; i < CHAINS_AT_ONCE; i++) sums[i] = splat(1.0f + static_cast<float>(i));
  const Vector<float> factor = splat(0.999f);
  const Vector<float> term = splat(0.001f);
  for (std::int64_t round = 0; round < rounds; round++) {
    UNROLLED for (int i = 0; i < CHAINS_AT_ONCE; i++) sums[i] = multiplyAdd<float>(sums[i], factor, term);
  }
  Vector<float> total{};
  UNROLLED for (int i = 0; i < CHAINS_AT_ONCE; i++) total += sums[i];
  // Never so, but the compiler cannot know.
  if (total[0] == 12345.678f) return 0;
  return 2.0 * WIDTH<float> * CHAINS_AT_ONCE * static_cast<double>(rounds);
}

}  // namespace settle::SETTLE_ISA
