#include "postrider/content/compiled_template.h"

#include "postrider/content/plain_text.h"

#include "content/liquid/characters.h"

#include <algorithm>
#include <set>

namespace postrider::content {

namespace {

void add_problem(std::vector<FieldError>& problems, std::string_view pointer, TemplateError const& error) {
  problems.push_back({.pointer = std::string(pointer), .code = std::string(name(error.fault)), .message = error.describe()});
}

// The subject is one header line: line breaks of every kind and control characters become single blanks.
std::string one_line(std::string_view text) {
  std::string line;
  bool blank = false;
  for (std::size_t at = 0; at < text.size();) {
    auto begin = at;
    auto character = next_character(text, at);
    bool breaks = character < 0x20 || character == 0x7F || character == 0x85 || character == 0x2028 || character == 0x2029;
    if (breaks || character == ' ') {
      blank = true;
      continue;
    }
    if (blank && !line.empty()) line += ' ';
    blank = false;
    line += text.substr(begin, at - begin);
  }
  return line;
}

// A derived text cannot know which branches print: what they leave open is closed up here. At most one empty line in a row.
std::string tidy(std::string_view text) {
  text = strip(text);
  std::string tidied;
  tidied.reserve(text.size() + 1);
  int empty_lines = 0;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (line.ends_with(' ')) line.remove_suffix(1);
    empty_lines = line.empty() ? empty_lines + 1 : 0;
    if (empty_lines < 2) tidied.append(line).append("\n");
  }
  return tidied;
}

void add_variables(CompiledTemplate& compiled, Program const& part, std::set<std::string>& known) {
  for (auto& use : variables(part)) {
    if (known.insert(use.path).second) compiled.variables.push_back(std::move(use));
  }
}

TemplateResult<std::string> render_part(Program const& program, std::string_view part, RenderContext const& context,
                                        RenderOptions const& options) {
  auto text = render_liquid(program, context, options);
  if (text) return text;
  auto error = text.error();
  error.source = error.source.empty() ? std::string(part) : std::string(part) + ", " + error.source;
  return error;
}

}  // namespace

Result<CompiledTemplate> compile_template(TemplateSource const& source) {
  CompiledTemplate compiled{.channel = source.channel};
  std::vector<FieldError> problems;
  auto parse = [&](std::string_view text, std::string_view pointer, ParseOptions const& options, Program& into) {
    auto program = parse_liquid(text, options);
    if (program) {
      into = *program;
    } else {
      add_problem(problems, pointer, program.error());
    }
  };
  parse(source.subject, "/subject", {}, compiled.subject);
  std::vector<TemplateWarning> link_warnings;
  compiled.has_html = source.channel == TemplateChannel::email && !source.html_body.empty();
  if (compiled.has_html) {
    auto problems_before = problems.size();
    Program plain;
    parse(source.html_body, "/html_body", {}, plain);
    // Only sound Liquid is looked through for links: its tags are then where they seem to be.
    if (problems.size() == problems_before) {
      auto found = find_links(source.html_body, source.tracking);
      for (auto const& error : found.refused) add_problem(problems, "/html_body", error);
      link_warnings = std::move(found.warnings);
      compiled.links = std::move(found.links);
      if (found.refused.empty()) parse(source.html_body, "/html_body", {.links = found.spans, .pixel_at = found.pixel_at}, compiled.html);
    }
  }
  if (!source.text_body.empty()) {
    parse(source.text_body, "/text_body", {}, compiled.text);
    compiled.has_text = true;
  }
  if (!problems.empty()) return invalid("the template cannot be used as it is", std::move(problems));
  if (compiled.has_html && !compiled.has_text) {
    // A derived text that would not parse is left out rather than blamed on the author.
    if (auto derived = parse_liquid(plain_text_of(source.html_body))) {
      compiled.text = *derived;
      compiled.has_text = compiled.text_is_derived = true;
    }
  }
  std::set<std::string> known;
  add_variables(compiled, compiled.subject, known);
  if (compiled.has_html) add_variables(compiled, compiled.html, known);
  if (compiled.has_text && !compiled.text_is_derived) add_variables(compiled, compiled.text, known);
  compiled.warnings = lint_template(source, compiled);
  compiled.warnings.insert(compiled.warnings.end(), link_warnings.begin(), link_warnings.end());
  return compiled;
}

TemplateResult<Rendered> render_template(CompiledTemplate const& compiled, RenderContext const& context,
                                         TemplateRenderOptions const& options) {
  RenderOptions plain{
      .clock = options.clock, .strict_variables = options.strict_variables, .time_zone = options.time_zone, .budgets = options.budgets};
  Rendered rendered;
  auto subject = render_part(compiled.subject, "subject", context, plain);
  if (!subject) return subject.error();
  rendered.subject = one_line(*subject);
  if (compiled.has_html) {
    auto escaping = plain;
    escaping.auto_escape = true;
    escaping.links = options.links;
    auto html = render_part(compiled.html, "html", context, escaping);
    if (!html) return html.error();
    rendered.html = std::move(*html);
  }
  if (compiled.has_text) {
    auto text = render_part(compiled.text, "text", context, plain);
    if (!text) return text.error();
    rendered.text = compiled.text_is_derived ? tidy(*text) : std::move(*text);
  }
  return rendered;
}

TemplateResult<std::optional<std::string>> link_target(CompiledTemplate const& compiled, std::uint32_t number, RenderContext const& context,
                                                       TemplateRenderOptions const& options) {
  if (number < compiled.links.size() && compiled.links[number].address) return compiled.links[number].address;
  struct Finder : LinkWriter {
    std::uint32_t wanted;
    std::optional<std::string> target;
    explicit Finder(std::uint32_t number) : wanted(number) {}
    void link(std::uint32_t number, std::string_view address, std::string&) override {
      if (number == wanted) target = std::string(address);
    }
    void open_pixel(std::string&) override {}
  } finder(number);
  RenderOptions escaping{.clock = options.clock,
                         .auto_escape = true,
                         .strict_variables = options.strict_variables,
                         .time_zone = options.time_zone,
                         .links = &finder,
                         .budgets = options.budgets};
  auto html = render_part(compiled.html, "html", context, escaping);
  if (!html && !finder.target) return html.error();
  return std::move(finder.target);
}

}  // namespace postrider::content
