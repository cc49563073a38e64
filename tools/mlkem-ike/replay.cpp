// SPDX-License-Identifier: Apache-2.0
// mlkem-ike replay: opens, decodes and rebuilds the messages of a recorded exchange, recomputes what it derived, verifies its
// AUTH, and says where it first goes wrong.
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/mlkem-ike/command.hpp"
#include "tools/mlkem-ike/io/failure.hpp"
#include "tools/mlkem-ike/io/files.hpp"
#include "tools/mlkem-ike/replay/checks.hpp"

namespace mlkem::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::vector<std::string> files;
  bool json = false;
};

struct Counts {
  size_t agree = 0, differ = 0, not_checked = 0, links_hold = 0, links_broken = 0, unreadable = 0;
  MessageCounts messages;

  void add(const Check& check) {
    if (check.is_link) {
      ++(check.outcome == Outcome::kAgrees ? links_hold : links_broken);
      return;
    }
    switch (check.outcome) {
      case Outcome::kAgrees:
        ++agree;
        break;
      case Outcome::kDiffers:
        ++differ;
        break;
      case Outcome::kNotChecked:
        ++not_checked;
        break;
      case Outcome::kNotCovered:
        break;  // counted as a message
    }
  }
  void add(const Counts& other) {
    for (const auto count : {&Counts::agree, &Counts::differ, &Counts::not_checked, &Counts::links_hold,
                             &Counts::links_broken, &Counts::unreadable})
      this->*count += other.*count;
    for (const auto count : {&MessageCounts::whole, &MessageCounts::fragments, &MessageCounts::clear_covered,
                             &MessageCounts::clear_uncovered, &MessageCounts::closed})
      messages.*count += other.messages.*count;
  }
  bool all_agree() const { return differ + links_broken + unreadable == 0 && agree > 0; }

  std::string text() const {
    return std::to_string(agree) + " values agree, " + std::to_string(differ) + " differ, " +
           std::to_string(not_checked) + " not checked; " + std::to_string(links_hold) + " links hold, " +
           std::to_string(links_broken) + " broken";
  }
  std::string messages_text() const {
    return std::to_string(messages.all()) + " messages: " + std::to_string(messages.whole) + " and " +
           std::to_string(messages.fragments) + " fragments opened, " +
           std::to_string(messages.clear_covered) + " in the clear that AUTH covers, " +
           std::to_string(messages.clear_uncovered) + " that nothing covers, " +
           std::to_string(messages.closed) + " not read";
  }
  ordered_json json() const {
    return {{"values_agree", agree},
            {"values_differ", differ},
            {"values_not_checked", not_checked},
            {"links_hold", links_hold},
            {"links_broken", links_broken},
            {"files_unreadable", unreadable},
            {"messages",
             {{"opened_whole", messages.whole},
              {"opened_fragments", messages.fragments},
              {"clear_covered_by_auth", messages.clear_covered},
              {"clear_not_covered", messages.clear_uncovered},
              {"not_read", messages.closed}}},
            {"all_agree", all_agree()}};
  }
};

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAgrees:
      return "agrees";
    case Outcome::kDiffers:
      return "differs";
    case Outcome::kNotCovered:
      return "not covered";
    default:
      return "not checked";
  }
}

std::string describe(const Check& check) {
  std::string text = check.entry + (check.is_link ? ": not so: " : ": ") + check.name;
  if (!check.is_link) text += std::string(" ") + name_of(check.outcome);
  if (!check.note.empty()) text += " (" + check.note + ')';
  return text;
}

// One line for an entry's values that agree, one for each thing that does not.
void print_text(const std::vector<Check>& checks) {
  std::string entry, agreeing;
  const auto finish_entry = [&] {
    if (!agreeing.empty()) std::cout << "  " << entry << ": agree:" << agreeing << '\n';
    agreeing.clear();
  };
  for (const Check& check : checks) {
    if (check.entry != entry) finish_entry();
    entry = check.entry;
    if (check.outcome != Outcome::kAgrees)
      std::cout << "  " << describe(check) << '\n';
    else if (!check.is_link)
      agreeing += ' ' + check.name;
  }
  finish_entry();
}

ordered_json to_json(const std::vector<Check>& checks) {
  ordered_json list = ordered_json::array();
  for (const Check& check : checks) {
    ordered_json item = {{"type", check.is_link ? "link" : "value"},
                         {"entry", check.entry},
                         {"name", check.name},
                         {"outcome", name_of(check.outcome)}};
    if (!check.note.empty()) item["note"] = check.note;
    list.push_back(item);
  }
  return list;
}

// A value that differs comes first, as a broken link is often the same wrong byte seen from its other end.
const Check* first_wrong(const std::vector<Check>& checks) {
  const Check* found = nullptr;
  for (const Check& check : checks)
    if (check.outcome == Outcome::kDiffers && (!found || (found->is_link && !check.is_link))) found = &check;
  return found;
}

Counts replay_file(const std::string& path, ikev2::Crypto& crypto, ordered_json* json) {
  Counts counts;
  std::vector<Check> checks;
  std::string error;
  try {
    const Recording recording = parse_recording(read_text("recording", path), path);
    RecordingCheck check(recording, crypto);
    checks = check.run();
    counts.messages = check.message_counts();
  } catch (const Failure& failure) {
    error = failure.what();
    counts.unreadable = 1;
  } catch (const std::bad_alloc&) {
    error = path + ": too large for this machine's memory";
    counts.unreadable = 1;
  }
  for (const Check& check : checks) counts.add(check);
  if (error.empty() && checks.empty()) {
    error = path + ": nothing to check";
    counts.unreadable = 1;
  }
  const Check* wrong = first_wrong(checks);
  if (json) {
    ordered_json entry = {{"file", path}, {"checks", to_json(checks)}, {"counts", counts.json()}};
    if (!error.empty()) entry["error"] = error;
    if (wrong) entry["first_wrong"] = {{"entry", wrong->entry}, {"name", wrong->name}};
    json->push_back(entry);
    return counts;
  }
  std::cout << path << '\n';
  print_text(checks);
  if (error.empty()) std::cout << "  " << counts.text() << "\n  " << counts.messages_text() << '\n';
  if (wrong) std::cout << "  first wrong: " << describe(*wrong) << '\n';
  if (!error.empty()) std::cerr << "mlkem-ike: " << error << '\n';
  return counts;
}

void run(const Options& options) {
  if (std::count(options.files.begin(), options.files.end(), "-") > 1)
    throw CLI::ValidationError("files", "standard input can be read only once");
  auto crypto = ikev2::openssl_crypto();
  if (!crypto) throw Failure(crypto.error().message);
  Counts total;
  ordered_json files = ordered_json::array();
  for (const std::string& path : options.files)
    total.add(replay_file(path, **crypto, options.json ? &files : nullptr));
  if (options.json)
    std::cout << ordered_json{{"files", files}, {"total", total.json()}}.dump(
                     2, ' ', false, ordered_json::error_handler_t::replace)
              << '\n';
  else
    std::cout << options.files.size() << " files: " << total.messages_text() << '\n'
              << options.files.size() << " files: " << total.text() << '\n';
  if (!total.all_agree()) throw ReportedFailure();
}

}  // namespace

void add_replay(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("replay", "Open every message of recorded exchanges and recompute every key");
  command->add_option("files", options->files, "recordings (JSON); - is standard input")
      ->type_name("FILE")
      ->required();
  command->add_flag("--json", options->json, "machine-readable output");
  command->footer(
      "Example: mlkem-ike replay tests/vectors/recordings/*.json\n"
      "The README.md beside these describes the format.\n"
      "Every SKEYSEED, SK_*, IntAuth, AUTH and Child SA key is recomputed from the recorded inputs of its "
      "own\n"
      "derivation; links say whether these inputs are what was derived before. Every message is opened, "
      "decoded and\n"
      "rebuilt octet by octet; those that neither an ICV nor an AUTH covers are listed. Exit status 0 if all "
      "agree.");
  command->callback([options] { run(*options); });
}

}  // namespace mlkem::cli
