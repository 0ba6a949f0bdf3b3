// The engine on float64 entries, for one instruction set.
#include "runner.hpp"

namespace settle::SETTLE_ISA {

void runFloat64(const Run& run, int lane) { Runner<double>(run, lane).runAll(); }

}  // namespace settle::SETTLE_ISA
