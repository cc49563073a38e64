// SPDX-License-Identifier: Apache-2.0
// Fuzz target: one kernel on one input, over all Arith and Keccak tables that this CPU can run: the first octet
// chooses a case of kernel_cases.hpp, the others are its input.
#include <cstdlib>
#include <memory>
#include <vector>

#include "tests/arith_reference.hpp"
#include "tests/keccak_reference.hpp"
#include "tests/kernel_cases.hpp"

namespace {

using namespace mlkem::kernels;
using namespace mlkem::kernels::cases;

void require(bool condition) {
  if (!condition) std::abort();
}

bool runs_here(Isa needs) {
  static const Isa have = isa_of(cpu_features());
  return covers(have, needs);
}

// The input, repeated for as long as a case wants more. What repeats is turned by its round, so that a short
// input does not give equal polynomials.
class Octets {
 public:
  Octets(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint8_t take() {
    if (size_ == 0) return 0;
    const size_t round = at_ / size_;
    return uint8_t(data_[at_++ % size_] + 37 * round);
  }
  uint64_t take_word() {
    uint64_t word = 0;
    for (int i = 0; i < 8; ++i) word = word << 8 | take();
    return word;
  }
  // Every value of the range can occur; 0xff, 0xff is the highest.
  int16_t take_coefficient(int lowest, int highest) {
    const int number = take() << 8 | take();
    return int16_t(number == 0xffff ? highest : lowest + number % (highest - lowest + 1));
  }

 private:
  const uint8_t* data_;
  size_t size_, at_ = 0;
};

// As cases::fill, from the fuzzer's octets.
void fill(const ArithCase& c, const Arith& table, Workspace& w, Octets octets) {
  const auto order = order_of(table);
  const auto draw = [&](Poly& p, int lowest, int highest, bool ntt_order) {
    for (int16_t& x : p.c) x = octets.take_coefficient(lowest, highest);
    if (ntt_order) p = in_order(order, p);
  };
  const uint8_t choices = octets.take();
  w.a_stride = 1 + choices % kMaxStride;
  draw(w.p.body, c.lowest, c.highest, c.ntt_order);
  for (uint8_t& octet : w.in_storage) octet = octets.take();
  w.second_in = w.in_storage;
  if (choices & 0x80) w.second_in[octets.take_word() % kMaxIn] ^= uint8_t(1 << choices % 8);
  draw(w.e.body, -4096, 4096, false);
  for (Poly& p : w.a.body) draw(p, -4096, 4096, true);
  for (Poly& p : w.b.body) draw(p, -kAny, kAny - 1, true);
  if (c.prepare) c.prepare(table, w);
}

std::unique_ptr<Workspace> result_of(const ArithCase& c, const Arith& table, Octets octets) {
  auto w = std::make_unique<Workspace>();
  fill(c, table, *w, octets);
  // In its own memory, where AddressSanitizer watches both ends.
  const std::vector<uint8_t> in(w->in_storage.begin(), w->in_storage.begin() + std::ptrdiff_t(c.in_bytes));
  w->in = in.data();
  c.call(table, *w);
  require(w->p.intact() && w->e.intact() && w->a.intact() && w->b.intact() && w->cache.intact() &&
          w->out.intact());
  for (const int16_t x : w->p.body.c) require(x >= c.out_lowest && x <= c.out_highest);
  if (c.finish) c.finish(table, *w);
  return w;
}

void run(const ArithCase& c, Octets octets) {
  const auto expected = result_of(c, kArithReference, octets);
  for (const Arith* table : arith_tables()) {
    if (!runs_here(table->needs)) continue;
    const auto w = result_of(c, *table, octets);
    for (int i = 0; i < kN; ++i) {
      const int a = w->p.body.c[i], b = expected->p.body.c[i];
      require(c.modulo_q ? (a - b) % kQ == 0 : a == b);
    }
    require(w->out.body == expected->out.body && w->returned == expected->returned);
  }
}

constexpr uint8_t kEnds[] = {0, 8, 16, 20};

// All lanes of a Keccak table, and what enters and leaves them.
struct LanesInput {
  std::array<uint64_t, kStateWords * kMaxWidth> wide;
  std::array<uint64_t, kStateWords> one;
  struct Lane {
    std::vector<uint8_t> in, out;
    uint64_t last;
    uint8_t end;
    bool fresh;
  } lanes[kMaxWidth];

  explicit LanesInput(Octets octets) {
    for (Lane& lane : lanes) {
      lane.in.resize(8 * (octets.take() % 22u));
      lane.out.resize(8 * (octets.take() % 22u));
      lane.fresh = octets.take() % 2;
      lane.end = kEnds[octets.take() % std::size(kEnds)];
      lane.last = lane.in.size() < 168 ? octets.take_word() : 0;
      for (uint8_t& octet : lane.in) octet = octets.take();
    }
    for (uint64_t& word : one) word = octets.take_word();
    for (uint64_t& word : wide) word = octets.take_word();
  }

  void offer(KeccakWorkspace& w, unsigned lane, unsigned as) {
    Lane& l = lanes[lane];
    static uint8_t nothing[64];  // pointers lead somewhere even where no words are
    w.in.bytes[as] = l.in.empty() ? nothing : l.in.data();
    w.in.words[as] = uint8_t(l.in.size() / 8);
    w.in.last[as] = l.last;
    w.in.end[as] = l.end;
    w.in.fresh = (w.in.fresh & ~(1u << as)) | uint32_t{l.fresh} << as;
    w.out.bytes[as] = l.out.empty() ? nothing : l.out.data();
    w.out.words[as] = uint8_t(l.out.size() / 8);
  }
};

void run(const KeccakCase& c, const Keccak& table, Octets octets) {
  if (!runs_here(table.needs) || !c.exists(table)) return;
  const Keccak& portable = *keccak_tables().back();
  LanesInput input(octets), expected_input(octets);
  const auto w = std::make_unique<KeccakWorkspace>(), single = std::make_unique<KeccakWorkspace>();
  w->wide.body = input.wide;
  w->one.body = input.one;
  for (unsigned lane = 0; lane < table.width; ++lane) input.offer(*w, lane, lane);
  c.call(table, *w);
  require(w->wide.intact() && w->one.intact());
  for (unsigned lane = 0; lane < table.width; ++lane) {
    for (unsigned i = 0; i < kStateWords; ++i) single->wide.body[i] = input.wide[i * table.width + lane];
    expected_input.offer(*single, lane, 0);
    if (c.call_lane) c.call_lane(portable, *single);
    for (unsigned i = 0; i < kStateWords; ++i)
      require(w->wide.body[i * table.width + lane] == single->wide.body[i]);
    require(input.lanes[lane].out == expected_input.lanes[lane].out);
  }
  if (c.call_one) portable.permute_one(input.one.data());
  require(w->one.body == input.one);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr size_t kAriths = std::size(kArithCases), kKeccaks = std::size(kKeccakCases);
  const size_t choice = data[0] % (kAriths + kKeccaks);
  const Octets octets(data + 1, size - 1);
  if (choice < kAriths) {
    run(kArithCases[choice], octets);
    return 0;
  }
  const KeccakCase& c = kKeccakCases[choice - kAriths];
  for (const Keccak* table : keccak_tables()) run(c, *table, octets);
  for (const Keccak* table : reference_keccak_tables()) run(c, *table, octets);
  return 0;
}
