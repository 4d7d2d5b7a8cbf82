// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

void add_options(Candidates& out, std::string_view word, const Verb* verb) {
  const std::size_t equals = word.find('=');
  for (const Option& option : option_table()) {
    if (verb != nullptr && !belongs(option, *verb)) continue;
    if (equals == std::string_view::npos) {
      const bool needs = !option.argument.empty() && !option.argument.starts_with('[');
      out.push_back({std::string{option.name} + (needs ? "=" : ""), std::string{option.help}});
      if (word == "-" && option.letter != 0)
        out.push_back({fmt::format("-{}", option.letter), std::string{option.help}});
    } else if (word.substr(0, equals) == option.name) {
      std::string_view rest = option.words;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        out.push_back({fmt::format("{}={}", option.name, rest.substr(0, end))});
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
  }
}

void add_verbs(Candidates& out, std::span<const std::string> words) {
  for (const Verb& verb : verbs()) {
    const std::size_t blank = verb.name.find(' ');
    if (words.empty()) {
      std::string first{verb.name.substr(0, blank)};
      if (blank != std::string_view::npos) {
        const char* const help = first == "key" ? "Work with keys" : "Work with profiles";
        if (out.empty() || out.back().text != first) out.push_back({std::move(first), help});
      } else {
        out.push_back({std::move(first), std::string{verb.help}});
      }
    } else if (blank != std::string_view::npos && words.size() == 1 && words[0] == verb.name.substr(0, blank)) {
      out.push_back({std::string{verb.name.substr(blank + 1)}, std::string{verb.help}});
    }
  }
}

}  // namespace

std::string complete(Context& context, std::span<const std::string> words) {
  const std::string word = words.empty() ? "" : words.back();
  std::vector<std::string> before;
  if (!words.empty())
    for (const std::string& each : words.first(words.size() - 1))
      if (!each.starts_with('-')) before.push_back(each);
  Candidates candidates;
  const Found found = find_verb(before);
  if (word.starts_with('-')) {
    add_options(candidates, word, found.words != 0 ? found.verb : nullptr);
  } else if (found.words != 0) {
    const std::size_t index = before.size() - found.words;
    context.arguments.assign(before.begin() + static_cast<std::ptrdiff_t>(found.words), before.end());
    context.arguments.push_back(word);
    if (found.verb->complete != nullptr && index < found.verb->most) candidates = found.verb->complete(context, index);
  } else {
    add_verbs(candidates, before);
  }
  std::string out;
  for (const Candidate& each : candidates) {
    if (!each.text.starts_with(word)) continue;
    if (std::ranges::find(before, each.text) != before.end()) continue;
    out += printable(each.text) + (each.about.empty() ? "" : "\t" + printable(each.about)) + '\n';
  }
  return out;
}

}  // namespace macsec::cli
