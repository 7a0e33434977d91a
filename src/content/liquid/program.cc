#include "content/liquid/program.h"

#include "content/place.h"

#include <boost/json/object.hpp>

#include <stdexcept>

namespace postrider::content {

std::string_view name(TemplateFault fault) {
  switch (fault) {
    case TemplateFault::syntax: return "syntax";
    case TemplateFault::nesting: return "nesting";
    case TemplateFault::too_large: return "too_large";
    case TemplateFault::unknown_variable: return "unknown_variable";
    case TemplateFault::filter: return "filter";
    case TemplateFault::unknown_partial: return "unknown_partial";
    case TemplateFault::link: return "link";
    case TemplateFault::time: return "time";
    case TemplateFault::nodes: return "nodes";
    case TemplateFault::output: return "output";
    case TemplateFault::memory: return "memory";
    case TemplateFault::aborted: return "aborted";
  }
  return "syntax";
}

std::string TemplateError::describe() const {
  auto text = source.empty() ? std::string() : source + ", ";
  return text + "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + message;
}

void throw_exception_from_error(TemplateError const& error, boost::source_location const& where) {
  throw std::logic_error("unhandled template error '" + error.describe() + "' at " + where.file_name() + ":" +
                         std::to_string(where.line()));
}

TemplateError Program::Image::error(TemplateFault fault, std::string message, std::uint32_t at) const {
  TemplateError error{.fault = fault, .message = std::move(message)};
  auto const* source = &sources.front();
  for (auto const& candidate : sources) {
    if (candidate.base <= at) source = &candidate;
  }
  error.source = source->name;
  auto place = place_of(source->text, at - source->base);
  error.line = place.line;
  error.column = place.column;
  return error;
}

Program::Program() {
  static std::shared_ptr<Image const> const empty = [] {
    auto image = std::make_shared<Image>();
    image->sources.push_back({});
    image->code.push_back({.op = Op::halt});
    return image;
  }();
  image_ = empty;
}

std::vector<VariableUse> variables(Program const& program) {
  auto const& image = program.image();
  Places places(image.sources.front().text);
  std::vector<VariableUse> uses;
  for (auto const& found : image.variables) {
    auto place = places.of(found.at);
    uses.push_back({.path = found.path, .line = place.line, .column = place.column, .has_default = found.has_default});
  }
  return uses;
}

boost::json::value const* RenderContext::find(std::string_view name) const {
  for (auto root = roots_.rbegin(); root != roots_.rend(); ++root) {
    if (auto const* value = (*root)->if_contains({name.data(), name.size()})) return value;
  }
  return nullptr;
}

}  // namespace postrider::content
