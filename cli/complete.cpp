// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

void add_values(Candidates& out, const Option& option, std::string_view before) {
  std::string_view rest = option.words;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    out.push_back({fmt::format("{}{}", before, rest.substr(0, end))});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

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
      add_values(out, option, fmt::format("{}=", option.name));
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

/// What stands before the word that is completed.
struct Before {
  std::vector<std::string> words;  ///< that are no options
  const Option* open = nullptr;    ///< the word is the value of this one
  bool options = true;             ///< the word may be an option
};

Before read_before(Context& context, std::span<const std::string> words) {
  Before before;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (before.options && words[i] == "--") {
      before.options = false;
    } else if (before.options && is_option(words[i])) {
      const GivenOption given = take_option(words.subspan(i));
      i += given.words - 1;
      if (given.option == nullptr) continue;
      if (given.option->name == "--host") context.ask_nobody();
      const bool needs = !given.option->argument.empty() && !given.option->argument.starts_with('[');
      if (needs && !given.value) before.open = given.option;
    } else {
      before.words.push_back(words[i]);
    }
  }
  return before;
}

}  // namespace

std::string complete(Context& context, std::span<const std::string> words) {
  const std::string word = words.empty() ? "" : words.back();
  const auto [before, open, options] = read_before(context, words.empty() ? words : words.first(words.size() - 1));
  Candidates candidates;
  const Found found = find_verb(before);
  if (open != nullptr) {
    add_values(candidates, *open, "");
  } else if (options && word.starts_with('-')) {
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
