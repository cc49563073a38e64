// SPDX-License-Identifier: Apache-2.0
// mlkem-ike info: which kernels this machine gets, and what it could have had.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "kernels/kernels.hpp"
#include "lib/operations.hpp"
#include "mlkem-ike/mlkem.h"
#include "tools/mlkem-ike/command.hpp"

namespace mlkem::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::pair<kernels::Isa, const char*> kIsaNames[] = {
    {kernels::Isa::kAvx2, "avx2"},
    {kernels::Isa::kAvx512, "avx512"},
    {kernels::Isa::kNeon, "neon"},
    {kernels::Isa::kNeonSha3, "neon_sha3"},
};

template <class Table>
ordered_json describe(std::span<const Table* const> tables, const Table& chosen, kernels::Isa have) {
  ordered_json list = ordered_json::array();
  for (const Table* table : tables)
    list.push_back({{"name", table->name}, {"usable", kernels::covers(have, table->needs)}});
  return {{"chosen", chosen.name}, {"tables", list}};
}

ordered_json collect() {
  const kernels::Isa have = kernels::isa_of(kernels::cpu_features());
  ordered_json isa = ordered_json::array();
  for (const auto& [bit, name] : kIsaNames)
    if (kernels::covers(have, bit)) isa.push_back(name);
  const Tables& chosen = chosen_tables();
  return {
      {"version", mlkem_version()},
      {"instruction_sets", isa},
      {"arith", describe(kernels::arith_tables(), chosen.arith, have)},
      {"keccak", describe(kernels::keccak_tables(), chosen.keccak, have)},
      {"ikev2", bool(MLKEM_IKE_HAS_IKEV2)},
  };
}

void print_tables(const char* title, const ordered_json& tables) {
  std::cout << title;
  for (const auto& table : tables["tables"]) {
    std::cout << ' ' << table["name"].get<std::string>();
    if (table["name"] == tables["chosen"]) std::cout << " (chosen)";
    if (!table["usable"].get<bool>()) std::cout << " (not on this machine)";
  }
  std::cout << '\n';
}

void print_text(const ordered_json& info) {
  std::cout << "libmlkem-ike     " << info["version"].get<std::string>() << '\n' << "instruction sets";
  for (const auto& name : info["instruction_sets"]) std::cout << ' ' << name.get<std::string>();
  std::cout << (info["instruction_sets"].empty() ? " none that a kernel asks for\n" : "\n");
  print_tables("arithmetic      ", info["arith"]);
  print_tables("Keccak          ", info["keccak"]);
  std::cout << "IKEv2            " << (info["ikev2"].get<bool>() ? "yes" : "left out of this build") << '\n';
}

}  // namespace

void add_info(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("info", "Show the version and the kernels chosen for this machine");
  command->add_flag("--json", *json, "machine-readable output");
  command->footer("Example: mlkem-ike info --json");
  command->callback([json] {
    const ordered_json info = collect();
    if (*json)
      std::cout << info.dump(2) << '\n';
    else
      print_text(info);
  });
}

}  // namespace mlkem::cli
