#include "app/cli/pages.hpp"

#include "messages/text/alike.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

namespace render::cli {

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* x) {
    return !x->get_name().empty() && !x->get_group().empty();
  });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* x) {
    return !x->get_group().empty();
  });
}

/// "--limit", "-h": each name as it is typed.
std::vector<std::string> typed_names(const CLI::Option& x) {
  std::vector<std::string> out;
  for (auto& name : x.get_snames())
    out.push_back("-" + name);
  for (auto& name : x.get_lnames())
    out.push_back("--" + name);
  return out;
}

/// One line, or several, that troff takes as they are.
std::string troff(const std::string& text) {
  std::string out;
  bool at_start = true;
  for (char c : text) {
    if (at_start && (c == '.' || c == '\''))
      out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    at_start = c == '\n';
  }
  return out;
}

void add_option(std::string& out, const CLI::Option& x) {
  std::string names;
  for (auto& name : typed_names(x))
    names += (names.empty() ? "" : ", ") + name;
  if (names.empty())
    names = x.get_name(true);
  else if (x.get_items_expected_max() > 0)
    names += " " + x.get_type_name();
  out += ".TP\n.B " + troff(names) + "\n" + troff(x.get_description());
  if (auto value = x.get_default_str(); !value.empty())
    out += troff(" (default: " + value + ")");
  out += "\n";
}

/// Lines that stand further in, as examples do, keep their line breaks.
void add_text(std::string& out, const std::string& text) {
  if (!text.empty())
    out += ".PP\n.nf\n" + troff(text) + "\n.fi\n";
}

void add_command(std::string& out, const CLI::App& app,
                 const std::string& path) {
  out += ".SS " + troff(path) + "\n" + troff(app.get_description()) + "\n";
  for (auto* x : options_of(app))
    if (x != app.get_help_ptr())
      add_option(out, *x);
  add_text(out, app.get_footer());
  for (auto* x : commands_of(app))
    add_command(out, *x, path + " " + x->get_name());
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (auto& x : words)
    out += (out.empty() ? "" : " ") + x;
  return out;
}

/// What may follow a command, and which of these take a value.
struct words {
  std::vector<std::string> all;
  std::vector<std::string> valued;
};

words words_after(const CLI::App& app) {
  words out;
  for (auto* x : commands_of(app))
    out.all.push_back(x->get_name());
  // The options of the program may stand after a command, too.
  for (auto* at = &app; at; at = at->get_parent())
    for (auto* x : options_of(*at))
      for (auto& name : typed_names(*x)) {
        if (std::find(out.all.begin(), out.all.end(), name) != out.all.end())
          continue;
        out.all.push_back(name);
        if (x->get_items_expected_max() > 0)
          out.valued.push_back(name);
      }
  return out;
}

void add_cases(std::string& out, const CLI::App& app, const std::string& path) {
  auto known = words_after(app);
  out += "    '" + path + "') words='" + joined(known.all) + "'; valued='"
         + joined(known.valued) + "' ;;\n";
  for (auto* x : commands_of(app))
    add_cases(out, *x, path + (path.empty() ? "" : " ") + x->get_name());
}

/// The command that was typed last, and what may stand there.
const CLI::App& deepest(const CLI::App& app) {
  auto chosen = app.get_subcommands();
  return chosen.empty() ? app : deepest(*chosen.back());
}

} // namespace

std::string man_page(const CLI::App& app, const std::string& version) {
  auto name = app.get_name();
  auto title = name;
  std::transform(title.begin(), title.end(), title.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  auto has_commands = !commands_of(app).empty();
  auto out = ".TH " + title + " 1 \"\" \"" + troff(version)
             + "\" \"C3 Render Worker\"\n.SH NAME\n" + troff(name) + " \\- "
             + troff(app.get_description()) + "\n.SH SYNOPSIS\n.B "
             + troff(name) + "\n[OPTIONS]"
             + (has_commands ? " COMMAND [ARGUMENTS]" : "") + "\n.SH OPTIONS\n";
  for (auto* x : options_of(app))
    add_option(out, *x);
  if (has_commands) {
    out += ".SH COMMANDS\n";
    for (auto* x : commands_of(app))
      add_command(out, *x, x->get_name());
  }
  out += ".SH NOTES\n";
  add_text(out, app.get_footer());
  return out;
}

std::string bash_completion(const CLI::App& app) {
  auto name = app.get_name();
  auto function = "_" + name;
  std::replace(function.begin(), function.end(), '-', '_');
  std::string cases;
  add_cases(cases, app, "");
  return "# Completion of " + name + " for bash; made from its options.\n"
         + function + R"(() {
  local path='' words valued word last="${COMP_WORDS[COMP_CWORD-1]}"
  )" + function
         + R"(_at ''
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # A word that is no command is an option or an argument.
    case "$word" in -*) continue ;; esac
    case " $words " in *" $word "*) ;; *) continue ;; esac
    path="${path:+$path }$word"
    )" + function
         + R"(_at "$path"
  done
  # Values are left to bash, which completes files.
  case " $valued " in *" $last "*) COMPREPLY=(); return ;; esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
)" + function
         + R"(_at() {
  case "$1" in
)" + cases
         + R"(  esac
}
complete -o default -F )"
         + function + " " + name + "\n";
}

std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& err) {
  auto unknown = app.remaining(true);
  auto extra = dynamic_cast<const CLI::RequiredError*>(&err)
               || dynamic_cast<const CLI::ExtrasError*>(&err);
  if (!extra || unknown.empty())
    return err.what();
  // The value of an unknown option is unknown, too.
  auto first = std::find_if(unknown.begin(), unknown.end(), [](auto& x) {
    return x.starts_with('-');
  });
  auto& word = first == unknown.end() ? unknown.front() : *first;
  auto& at = deepest(app);
  auto known = words_after(at).all;
  auto meant = alike(word, {known.begin(), known.end()});
  return "unknown argument: " + printable(word, 80)
         + (meant.empty() ? "" : "; did you mean " + std::string{meant} + "?");
}

} // namespace render::cli
