// SPDX-License-Identifier: Apache-2.0
#include "tests/mlkem_cases.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/mlkem_tables.hpp"

namespace mlkem::test {
namespace {

using Json = nlohmann::json;

// "ML-KEM-768" -> 768.
int set_number(const Json& group) {
  const auto name = group.value("parameterSet", std::string());
  for (const int set : {512, 768, 1024})
    if (name == "ML-KEM-" + std::to_string(set)) return set;
  return 0;
}

// The octets of a member of `test`, or of its group; empty if there is none. Throws for what is not
// hexadecimal.
Bytes octets(const Json& test, const Json& group, const char* member) {
  const Json* at = test.contains(member) ? &test[member] : group.contains(member) ? &group[member] : nullptr;
  if (!at || !at->is_string()) return {};
  const auto bytes = from_hex(at->get_ref<const std::string&>());
  if (!bytes) throw std::runtime_error(std::string(member) + " is not hexadecimal");
  return *bytes;
}

Bytes joined(const Bytes& a, const Bytes& b) {
  Bytes both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

// What an input that FIPS 203 sections 7.2 and 7.3 reject has to be rejected with.
Status rejection(const MlKemCase& c) {
  if (!has_right_lengths(c)) return Status::kLength;
  return c.kind == CaseKind::kEncaps || c.kind == CaseKind::kCheckEk ? Status::kEk : Status::kDk;
}

using Answers = std::map<std::pair<int, int>, Json>;  // by tgId and tcId

// Returns why the case can't be checked, or nothing.
std::string add_acvp_case(CaseFile& file, MlKemCase c, const std::string& function, const Json& test,
                          const Json& group) {
  const auto get = [&](const char* member) { return octets(test, group, member); };
  c.seed = test.contains("seed") ? get("seed") : joined(get("d"), get("z"));
  if (function == "keyGen") {
    c.kind = CaseKind::kKeygen;
    c.want_ek = get("ek"), c.want_dk = get("dk");
    if (c.seed.size() != kSeedBytes) return "no d and z of 32 octets";
    if (c.want_ek.empty() && c.want_dk.empty()) return "no expected result";
  } else if (function == "encapsulation") {
    c.kind = CaseKind::kEncaps;
    c.ek = get("ek"), c.m = get("m"), c.want_ct = get("c"), c.want_ss = get("k");
    if (c.ek.empty() || c.m.size() != kMessageBytes) return "no ek, or no m of 32 octets";
    if (c.want_ct.empty() || c.want_ss.empty()) return "no expected result";
    if (test.contains("dk")) {
      MlKemCase back = c;
      back.kind = CaseKind::kDecaps;
      back.dk = get("dk"), back.ct = c.want_ct, back.want_ct.clear();
      file.cases.push_back(std::move(back));
    }
  } else if (function == "decapsulation") {
    c.kind = CaseKind::kDecaps;
    c.dk = get("dk"), c.ct = get("c"), c.want_ss = get("k");
    if (c.ct.empty() || (c.dk.empty() && c.seed.size() != kSeedBytes))
      return "no c, or neither dk nor d and z";
    if (c.want_ss.empty()) return "no expected result";
  } else if (function == "encapsulationKeyCheck" || function == "decapsulationKeyCheck") {
    const bool is_ek = function == "encapsulationKeyCheck";
    c.kind = is_ek ? CaseKind::kCheckEk : CaseKind::kCheckDk;
    (is_ek ? c.ek : c.dk) = get(is_ek ? "ek" : "dk");
    c.seed.clear();
    if ((is_ek ? c.ek : c.dk).empty()) return "no key";
    if (!test.contains("testPassed")) return "no expected result";
    if (!test["testPassed"].get<bool>()) c.expected = rejection(c);
  } else {
    return "unknown function " + function;
  }
  file.cases.push_back(std::move(c));
  return {};
}

bool is_acvp(const Json& json) {
  return json.contains("mode") && json.contains("testGroups");
}

// The prompt, and not the answers, names parameter sets; NIST's merged internalProjection does and has both.
bool is_acvp_prompt(const Json& json) {
  const Json& groups = json["testGroups"];
  return std::any_of(groups.begin(), groups.end(), [](const Json& g) { return g.contains("parameterSet"); });
}

void add_acvp(CaseFile& file, const Json& json, const Answers& answers) {
  for (const Json& group : json["testGroups"]) {
    const int tg = group.value("tgId", 0);
    const auto function = json["mode"] == "keyGen" ? "keyGen" : group.value("function", std::string());
    for (Json test : group["tests"]) {
      const int tc = test.value("tcId", 0);
      if (const auto answer = answers.find({tg, tc}); answer != answers.end()) test.update(answer->second);
      MlKemCase c;
      c.name = "tgId " + std::to_string(tg) + " tcId " + std::to_string(tc);
      c.set = set_number(group);
      ++file.entries;
      const std::string name = c.name;
      const std::string why =
          c.set == 0 ? "unknown parameter set" : add_acvp_case(file, std::move(c), function, test, group);
      if (!why.empty()) file.not_checked.push_back(name + ": " + why);
    }
  }
}

bool is_wycheproof(const Json& json) {
  return json.contains("schema") && json.contains("testGroups");
}

std::string add_wycheproof_case(CaseFile& file, MlKemCase c, const Json& test, const Json& group) {
  const auto result = test.value("result", std::string());
  if (result != "valid" && result != "invalid") return "result is '" + result + "'";
  const bool valid = result == "valid";
  const auto get = [&](const char* member) { return octets(test, group, member); };

  if (test.contains("seed")) {
    c.seed = get("seed");
    if (c.seed.size() != kSeedBytes) return "the interface takes no seed of another length than 64 octets";
    const bool has_ct = test.contains("c");
    if (!valid && !has_ct) return "key generation from 64 octets has no invalid input";
    if (test.contains("ek") || test.contains("dk")) {
      MlKemCase keygen = c;
      keygen.kind = CaseKind::kKeygen;
      keygen.want_ek = get("ek"), keygen.want_dk = get("dk");
      file.cases.push_back(std::move(keygen));
    } else if (!has_ct) {
      return "neither a key nor a ciphertext";
    }
    if (!has_ct) return {};
    c.kind = CaseKind::kDecaps;
  } else if (test.contains("dk") && test.contains("c")) {
    c.kind = CaseKind::kDecaps;
    c.dk = get("dk");
  } else if (test.contains("ek") && test.contains("m")) {
    c.kind = CaseKind::kEncaps;
    c.ek = get("ek"), c.m = get("m");
    if (valid) c.want_ct = get("c"), c.want_ss = get("K");
    if (c.m.size() != kMessageBytes) {
      if (valid) return "m has " + std::to_string(c.m.size()) + " octets";
      c.kind = CaseKind::kCheckEk;
      c.m.clear();
    }
  } else {
    return "unknown members";
  }
  if (c.kind == CaseKind::kDecaps) {
    c.ct = get("c");
    if (valid) c.want_ss = get("K");
  }
  if (!valid) c.expected = rejection(c);
  file.cases.push_back(std::move(c));
  return {};
}

void add_wycheproof(CaseFile& file, const Json& json) {
  for (const Json& group : json["testGroups"]) {
    for (const Json& test : group["tests"]) {
      MlKemCase c;
      c.name = "tcId " + std::to_string(test.value("tcId", 0));
      c.set = set_number(group);
      ++file.entries;
      const std::string name = c.name;
      const std::string why =
          c.set == 0 ? "unknown parameter set" : add_wycheproof_case(file, std::move(c), test, group);
      if (!why.empty()) file.not_checked.push_back(name + ": " + why);
    }
  }
}

int set_of_ek_size(size_t size) {
  for (const int set : {512, 768, 1024})
    if (set_sizes(set)->ek == size) return set;
  return 0;
}

// CCTV's bad encapsulation keys: nothing but hexadecimal lines of one set's length, every one to be rejected.
bool add_cctv_modulus(CaseFile& file, std::string_view text) {
  size_t line_number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const auto ek = from_hex(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    if (end == 0) continue;
    if (!ek || set_of_ek_size(ek->size()) == 0) return false;
    MlKemCase c;
    c.name = "line " + std::to_string(line_number);
    c.set = set_of_ek_size(ek->size());
    c.kind = CaseKind::kCheckEk;
    c.expected = Status::kEk;
    c.ek = *ek;
    file.cases.push_back(std::move(c));
    ++file.entries;
  }
  return !file.cases.empty();
}

// CCTV's worked examples, unlucky samples and strcmp cases.
bool add_cctv_values(CaseFile& file, std::string_view text) {
  std::map<std::string, Bytes> given;
  for (const auto& [name, value] : named_values(text))
    if (auto bytes = from_hex(value)) given.emplace(name, std::move(*bytes));  // of several, the first

  MlKemCase c;
  if (!given.contains("c") || !given.contains("K") || !given.contains("dk")) return false;
  for (const int set : {512, 768, 1024})
    if (set_sizes(set)->dk == given["dk"].size()) c.set = set;
  if (c.set == 0) return false;
  ++file.entries;
  MlKemCase decaps = c;
  decaps.name = "decapsulation";
  decaps.kind = CaseKind::kDecaps;
  decaps.dk = given["dk"], decaps.ct = given["c"], decaps.want_ss = given["K"];
  file.cases.push_back(std::move(decaps));
  if (given.contains("ek") && given.contains("m")) {
    c.name = "encapsulation";
    c.kind = CaseKind::kEncaps;
    c.ek = given["ek"], c.m = given["m"], c.want_ct = given["c"], c.want_ss = given["K"];
    file.cases.push_back(std::move(c));
  }
  if (given.contains("d"))
    file.not_checked.push_back("d, z -> ek, dk: made with the draft's G(d), not FIPS 203's G(d || k)");
  return true;
}

// Answers of every ACVP folder and mode, for the prompt beside them.
std::map<std::pair<std::string, std::string>, Answers> collect_answers(
    const std::vector<std::pair<std::filesystem::path, Json>>& documents) {
  std::map<std::pair<std::string, std::string>, Answers> all;
  for (const auto& [path, json] : documents) {
    if (!is_acvp(json) || is_acvp_prompt(json)) continue;
    Answers& answers = all[{path.parent_path().string(), json.value("mode", std::string())}];
    for (const Json& group : json["testGroups"])
      for (const Json& test : group["tests"]) answers[{group.value("tgId", 0), test.value("tcId", 0)}] = test;
  }
  return all;
}

void read_json_files(CaseFiles& out) {
  std::vector<std::pair<std::filesystem::path, Json>> documents;
  for (const auto& path : vector_files({".json"})) {
    std::string reason;
    const auto text = read_vector_file(path, &reason);
    if (!text) {
      out.broken.push_back(display_name(path) + ": " + reason);
      continue;
    }
    // The algorithm's name as a whole value marks both formats, and spares parsing every other file of a
    // collection.
    if (text->find("\"ML-KEM\"") == std::string::npos) continue;
    Json json = Json::parse(*text, nullptr, false);
    if (json.is_array() && !json.empty()) json = Json(json.back());  // ACVP as sent: [{acvVersion}, {...}]
    if (json.is_object())
      documents.emplace_back(path, std::move(json));
    else
      out.broken.push_back(display_name(path) + ": not JSON");
  }
  const auto answers = collect_answers(documents);
  for (const auto& [path, json] : documents) {
    CaseFile file;
    file.name = display_name(path);
    try {
      if (is_acvp(json) && is_acvp_prompt(json)) {
        file.source = VectorSource::kAcvp;
        const auto found = answers.find({path.parent_path().string(), json.value("mode", std::string())});
        add_acvp(file, json, found == answers.end() ? Answers() : found->second);
      } else if (is_wycheproof(json)) {
        file.source = VectorSource::kWycheproof;
        add_wycheproof(file, json);
      } else if (!is_acvp(json)) {
        out.unknown.push_back(file.name);
        continue;
      } else {
        continue;  // answers, read with their prompt
      }
    } catch (const std::exception& error) {
      out.broken.push_back(file.name + ": " + error.what());
      continue;
    }
    out.files.push_back(std::move(file));
  }
}

void read_text_files(CaseFiles& out) {
  for (const auto& path : vector_files({".txt"})) {
    CaseFile file;
    file.name = display_name(path);
    file.source = VectorSource::kCctv;
    if (file.name.find("ML-KEM") == std::string::npos && file.name.find("mlkem") == std::string::npos)
      continue;
    std::string reason;
    const auto text = read_vector_file(path, &reason);
    if (!text)
      out.broken.push_back(file.name + ": " + reason);
    else if (add_cctv_modulus(file, *text) ||
             add_cctv_values(file = CaseFile{file.name, file.source, {}, 0, {}}, *text))
      out.files.push_back(std::move(file));
    else
      out.unknown.push_back(file.name);
  }
}

}  // namespace

const CaseFiles& case_files() {
  static const CaseFiles all = [] {
    CaseFiles files;
    read_json_files(files);
    read_text_files(files);
    return files;
  }();
  return all;
}

std::vector<std::pair<std::string, std::string>> named_values(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> values;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // A name may hold " = " itself ("dkPKE = NTT(s) = ..."); a value can't.
    const size_t separator = line.rfind(" = ");
    if (separator != std::string_view::npos)
      values.emplace_back(line.substr(0, separator), line.substr(separator + 3));
  }
  return values;
}

std::optional<SetSizes> set_sizes(int set) {
  SetSizes sizes{};
  const bool known = with_set(set, [&]<class Set>() {
    sizes = {Set::kEkBytes, Set::kDkBytes, Set::kCtBytes};
  });
  return known ? std::optional(sizes) : std::nullopt;
}

bool has_right_lengths(const MlKemCase& c) {
  const auto sizes = set_sizes(c.set);
  if (!sizes) return false;
  const bool dk_fits = c.dk.size() == sizes->dk || (c.dk.empty() && c.seed.size() == kSeedBytes);
  switch (c.kind) {
    case CaseKind::kKeygen:
      return c.seed.size() == kSeedBytes;
    case CaseKind::kEncaps:
      return c.ek.size() == sizes->ek && c.m.size() == kMessageBytes;
    case CaseKind::kCheckEk:
      return c.ek.size() == sizes->ek;
    case CaseKind::kDecaps:
      return dk_fits && c.ct.size() == sizes->ct;
    case CaseKind::kCheckDk:
      return c.dk.size() == sizes->dk;
  }
  return false;
}

}  // namespace mlkem::test
