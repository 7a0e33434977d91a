// Liquid, the template language of subjects and bodies: parsed once into a compact program, rendered many times.
// Pure: no I/O, no global state; a Program is immutable and may be rendered by several threads at once.
// A render either gives the whole text or a typed error with line and column, never a part of the text.
// Semantics follow the Ruby reference implementation; docs/decisions/liquid.md lists what differs and what is added.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/error.h"

#include <boost/json/fwd.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::content {

enum class TemplateFault {
  syntax,            // the template is not Liquid
  nesting,           // blocks or partials nested too deep
  too_large,         // template or expression over its size limit
  unknown_variable,  // strict variables: nothing of that name
  filter,            // a filter, comparison or argument refused its input
  unknown_partial,   // render or include of a name nobody has
  link,              // a link whose rendered address is not an http(s) URL
  time,              // budget: wall clock
  nodes,             // budget: rendered nodes
  output,            // budget: bytes of output
  memory,            // budget: bytes of assigned, captured and filtered values
  aborted,           // {% abort "reason" %}: `message` is the reason; the message is to be skipped, not failed
};

std::string_view name(TemplateFault fault);

struct TemplateError {
  TemplateFault fault = TemplateFault::syntax;
  std::string message;       // a sentence without position
  std::uint32_t line = 1;    // 1-based, in the source (or the partial `source` names)
  std::uint32_t column = 1;  // 1-based, in characters
  std::string source = {};   // name of the partial, or the part ("subject", "html", "text"); empty for the template itself

  // "line 3, column 7: unknown variable contact.nick"
  std::string describe() const;
};

// Used by boost::system::result when value() is called on an error: a programmer's mistake.
[[noreturn]] void throw_exception_from_error(TemplateError const& error, boost::source_location const& where);

template <class T = void>
using TemplateResult = boost::system::result<T, TemplateError>;

enum class ParseMode {
  strict,  // what a template is saved with: junk, unknown filters and wrong argument counts are errors
  lax,     // as old Ruby: junk is ignored, unknown filters pass their input on (conformance suites only)
};

// A stretch of HTML source that holds the target of a link; see tracking.h. Sorted, never overlapping.
struct LinkSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint32_t index = 0;   // its place among the tracked links
  bool tracked = true;       // false: the rendered target is only checked and written
  std::string address = {};  // the checked target, if nothing in it depends on the render
};

struct ParseOptions {
  ParseMode mode = ParseMode::strict;
  std::map<std::string, std::string, std::less<>> const* partials = nullptr;  // read during parse only
  std::size_t max_source_bytes = 512 * 1024;
  unsigned max_nesting = 100;
  std::vector<LinkSpan> links = {};
  std::optional<std::size_t> pixel_at = {};  // source offset at which LinkWriter::open_pixel is asked for its markup
};

struct VariableUse {
  std::string path;  // "contact.attributes.plan"; a computed step is "[]"
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  bool has_default = false;  // its filter chain goes through `default`, or it is only tested
};

// A compiled template. Cheap to copy (shared, immutable).
class Program {
 public:
  struct Image;

  Program();
  explicit Program(std::shared_ptr<Image const> image) : image_(std::move(image)) {}
  Image const& image() const { return *image_; }

 private:
  std::shared_ptr<Image const> image_;
};

// Compiles a template. Fails with syntax, nesting, too_large, unknown_partial.
TemplateResult<Program> parse_liquid(std::string_view source, ParseOptions const& options = {});

// Every use of a variable the template does not make itself, in order of appearance.
std::vector<VariableUse> variables(Program const& program);

// What names mean in one render: several JSON objects, of which later ones shadow earlier ones. Nothing is copied:
// the objects must outlive the render. The campaign-wide part is one object, shared by all messages of a campaign.
class RenderContext {
 public:
  RenderContext() = default;
  explicit RenderContext(boost::json::object const& root) { push(root); }
  RenderContext& push(boost::json::object const& root) {
    roots_.push_back(&root);
    return *this;
  }
  boost::json::value const* find(std::string_view name) const;

 private:
  std::vector<boost::json::object const*> roots_;
};

// Writes what tracking puts in place of links. Called during a render, in order of appearance.
class LinkWriter {
 public:
  virtual ~LinkWriter() = default;
  // Appends the address to put in an href, already fit for an HTML attribute. `target` is a checked absolute URL; `number` is
  // unique within the message (see TrackedLink).
  virtual void link(std::uint32_t number, std::string_view target, std::string& out) = 0;
  // Appends the markup of the open pixel, or nothing.
  virtual void open_pixel(std::string& out) = 0;
};

// Limits of one render. The defaults hold for user templates; a hostile one ends within them with a typed error.
struct RenderBudgets {
  std::chrono::milliseconds time{150};
  std::uint64_t nodes = 100'000;
  std::size_t output_bytes = 1024 * 1024;
  std::size_t memory_bytes = 16 * 1024 * 1024;
  unsigned partial_depth = 20;
};

struct RenderOptions {
  Clock const& clock;                  // for "now" and the time budget
  bool auto_escape = false;            // HTML: every output is escaped unless it went through `raw` (or `escape`)
  bool strict_variables = false;       // an unknown variable fails, unless it goes through `default` or is only tested
  bool errors_inline = false;          // Ruby's way, for the conformance suites only: "Liquid error: ..." in the text
  bool partials_see_roots = true;      // `render` sees the context's names; the suites run without
  std::string_view time_zone = "UTC";  // zone of `date` for instants that carry none
  LinkWriter* links = nullptr;         // without one, targets are written as they are and there is no pixel
  RenderBudgets budgets = {};
};

// Renders. Fails with every fault but syntax and too_large.
TemplateResult<std::string> render_liquid(Program const& program, RenderContext const& context, RenderOptions const& options);

}  // namespace postrider::content
