// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/command_line.hpp"

#include "engine/base/similar.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace macsec {
namespace {

bool takes_value(const ProgramOption& option) { return !option.argument.empty() && option.argument.front() != '['; }

std::string spelled(const ProgramOption& option) {
  std::string out{option.name};
  if (option.name == "--help") out = "-h, --help";
  if (!option.argument.empty()) out.append(" ").append(option.argument);
  return out;
}

}  // namespace

CommandLine::CommandLine(std::string_view program, std::string_view summary, std::vector<ProgramOption> options,
                         std::string_view more)
    : program_{program}, summary_{summary}, more_{more} {
  const auto nothing = [](std::string_view) { return std::string_view{}; };
  options_ = {{"--help", "", "show this help", nothing}, {"--version", "", "show the version", nothing}};
  std::ranges::move(options, std::back_inserter(options_));
}

Result<CommandLine::Asks> CommandLine::read(std::span<const std::string_view> arguments) const {
  const ProgramOption* gathers = nullptr;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string_view::npos;
    const std::string name{word == "-h" ? "--help" : word.substr(0, equals)};
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);

    const bool operand = gathers != nullptr && !word.empty() && word.front() != '-';
    const auto option = std::ranges::find(options_, name, &ProgramOption::name);
    if (option == options_.end() && !operand) return refuse(word);
    const ProgramOption& row = operand ? *gathers : *option;
    if (operand)
      value = word;
    else if (value && !takes_value(row))
      return fail(EINVAL, name + " takes no value; this is accepted: " + accepted());
    else if (takes_value(row) && !value && ++i < arguments.size())
      value = arguments[i];
    if (takes_value(row) && (!value || (value->empty() && !row.may_be_empty)))
      return fail(EINVAL, name + " needs a value: " + std::string{row.argument});
    if (name == "--help") return Asks::help;
    if (name == "--version") return Asks::version;
    if (const std::string_view accepted = row.apply(value.value_or("")); !accepted.empty())
      return fail(EINVAL, name + '=' + std::string{value.value_or("")} + " is not accepted: " + std::string{accepted});
    if (row.argument.starts_with('[')) gathers = &row;
  }
  return Asks::work;
}

std::unexpected<Error> CommandLine::refuse(std::string_view word) const {
  std::vector<std::string_view> names;
  for (const ProgramOption& option : options_) names.push_back(option.name.substr(2));
  const bool option = word.starts_with("--");
  const std::string_view near = option ? similar_name(word.substr(2), names) : std::string_view{};
  std::string text = word.starts_with('-') ? "there is no option " : "unknown argument ";
  text.append(word.empty() ? "\"\"" : word);
  if (!near.empty()) text.append(", did you mean --").append(near).append("?");
  return fail(EINVAL, text + "; this is accepted: " + accepted());
}

std::string CommandLine::accepted() const {
  std::string out{program_};
  for (const ProgramOption& option : options_) {
    out.append(" [").append(option.name);
    if (!option.argument.empty()) out.append(" ").append(option.argument);
    out.append("]");
  }
  return out;
}

std::string CommandLine::help() const {
  std::size_t width = 0;
  for (const ProgramOption& option : options_) width = std::max(width, spelled(option).size());
  std::string out{"Usage: "};
  out.append(program_).append(" [OPTION...]\n\n").append(summary_).append("\n\nOptions:\n");
  for (const ProgramOption& option : options_) {
    std::string left = spelled(option);
    left.resize(width, ' ');
    out.append("  ").append(left).append("  ").append(option.help).append("\n");
  }
  return out.append("\n").append(more_);
}

std::optional<int> CommandLine::answer(int count, const char* const* words) const {
  const std::string program{program_};
  const std::vector<std::string_view> arguments{words + std::min(count, 1), words + count};
  const Result<Asks> asks = read(arguments);
  if (!asks) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), asks.error().message.c_str());
    return 2;
  }
  switch (*asks) {
    case Asks::help:
      std::fputs(help().c_str(), stdout);
      return 0;
    case Asks::version:
      std::printf("%s %s\n", program.c_str(), MACSECD_VERSION);
      return 0;
    case Asks::work:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace macsec
