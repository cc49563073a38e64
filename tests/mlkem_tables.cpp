// SPDX-License-Identifier: Apache-2.0
#include "tests/mlkem_tables.hpp"

#include <cctype>

#include "tests/keccak_reference.hpp"

namespace mlkem::test {
namespace {

std::string test_name(const kernels::Arith& arith, const kernels::Keccak& keccak) {
  std::string name = std::string(arith.name) + "_" + keccak.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

std::vector<NamedTables> make_tables() {
  const kernels::Isa have = kernels::isa_of(kernels::cpu_features());
  const kernels::Arith& portable = *kernels::arith_tables().back();
  std::vector<NamedTables> tables;
  const auto add = [&](const kernels::Arith& arith, const kernels::Keccak& keccak, bool is_reference) {
    tables.push_back({test_name(arith, keccak), Tables{arith, keccak}, is_reference});
  };
  const auto ariths = kernels::arith_tables();
  const auto keccaks = kernels::keccak_tables();
  for (auto arith = ariths.rbegin(); arith != ariths.rend(); ++arith)
    for (auto keccak = keccaks.rbegin(); keccak != keccaks.rend(); ++keccak)
      if (kernels::covers(have, (*arith)->needs | (*keccak)->needs)) add(**arith, **keccak, false);
  for (const kernels::Keccak* keccak : kernels::reference_keccak_tables()) add(portable, *keccak, true);
  return tables;
}

}  // namespace

const std::vector<NamedTables>& tables_under_test() {
  static const std::vector<NamedTables> tables = make_tables();
  return tables;
}

std::vector<NamedTables> production_tables() {
  std::vector<NamedTables> tables;
  for (const NamedTables& named : tables_under_test())
    if (!named.is_reference) tables.push_back(named);
  return tables;
}

}  // namespace mlkem::test
