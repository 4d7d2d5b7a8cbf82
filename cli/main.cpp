// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"
#include "engine/base/text.hpp"

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace macsec::cli {
namespace {

Screen find_screen(const Options& options) {
  Screen screen;
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const char* const plain = std::getenv("NO_COLOR");
  const char* const kind = std::getenv("TERM");
  screen.color = options.color == ColorChoice::always ||
                 (options.color == ColorChoice::automatic && terminal && (plain == nullptr || *plain == '\0') &&
                  (kind == nullptr || std::string_view{kind} != "dumb"));
  winsize size{};
  if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) screen.width = size.ws_col;
  if (const char* const columns = std::getenv("COLUMNS"))
    screen.width = parse_unsigned(columns, 10000).value_or(screen.width);
  return screen;
}

/// Whether the options fit the verb; false after telling which does not.
bool options_fit(Context& context, const Verb& verb) {
  for (const Option* const option : context.given) {
    if (belongs(*option, verb)) continue;
    context.complain(Exit::usage, fmt::format("{} does not belong to {}, but to {}; see macsecctl help {}",
                                              option->name, verb.name, option->verbs, verb.name));
    return false;
  }
  if (context.options.openmetrics && context.json()) {
    context.complain(Exit::usage, "one of --openmetrics and --json");
    return false;
  }
  return true;
}

Exit dispatch(Context& context) {
  const Found found = find_verb(context.arguments);
  if (found.verb == nullptr) return context.complain(Exit::usage, wrong_verb(context.arguments));
  context.arguments.erase(context.arguments.begin(),
                          context.arguments.begin() + static_cast<std::ptrdiff_t>(found.words));
  context.verb = found.verb->name;
  if (context.options.help) {
    context.out = help_text(*found.verb);
    return Exit::ok;
  }
  if (!options_fit(context, *found.verb)) return context.status;
  const std::size_t given = context.arguments.size();
  if (given < found.verb->least || given > found.verb->most)
    return context.complain(
        Exit::usage, fmt::format("{}; this is accepted: macsecctl {}{}{}",
                                 given < found.verb->least ? "too few arguments"
                                                           : context.arguments[found.verb->most] + " is too much",
                                 found.verb->name, found.verb->arguments.empty() ? "" : " ", found.verb->arguments));
  return found.verb->run(context);
}

int run(int argc, char** argv) {
  std::setlocale(LC_ALL, "");
  std::vector<std::string> words(argv + 1, argv + argc);
  Context context;
  if (!words.empty() && words.front() == "--complete-args") {
    words.erase(words.begin());
    if (!words.empty() && words.front() == "--") words.erase(words.begin());
    // Nobody wants to read errors in the middle of a command line.
    if (std::freopen("/dev/null", "w", stderr) == nullptr) return 1;
    context.options.ask = false;
    context.out = complete(context, words);
    context.flush(false);
    return 0;
  }
  if (!read_options(context, words)) return static_cast<int>(context.status);
  context.screen = find_screen(context.options);
  Exit status = Exit::ok;
  if (context.options.help && context.arguments.empty())
    context.out = help_text();
  else if (context.options.version)
    context.out = "macsecctl " MACSECD_VERSION "\n";
  else
    status = dispatch(context);
  context.flush(true);
  return static_cast<int>(status);
}

}  // namespace
}  // namespace macsec::cli

int main(int argc, char** argv) try { return macsec::cli::run(argc, argv); } catch (const std::exception& error) {
  fmt::print(stderr, "macsecctl: {}\n", error.what());
  return 1;
}
