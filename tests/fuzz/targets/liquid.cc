// Templates: parsed strictly and as old Ruby did, rendered with data that looks like markup.
#include "fuzz/target.h"
#include "postrider/content/liquid.h"

#include <boost/json/parse.hpp>

namespace postrider::fuzz {

void feed(std::string_view bytes) {
  static auto const data = boost::json::parse(
      R"({"s":"<b>{{ s }}</b>","n":7,"f":2.5,"t":true,"nothing":null,"list":[3,1,2,"b",null],"deep":{"list":[{"k":1,"v":"<i>"},{"k":2}]},
          "contact":{"first_name":"Ada & {% raw %}","attributes":{"plan":"pro"}}})");
  static std::map<std::string, std::string, std::less<>> const partials = {{"p", "{{ s }}{% render 'q', x: n %}"}, {"q", "{{ x }}{% include 'p' %}"}};
  FixedClock const clock(Instant(std::chrono::seconds(1'700'000'000)));
  for (auto const mode : {content::ParseMode::strict, content::ParseMode::lax}) {
    auto const program = content::parse_liquid(bytes, content::ParseOptions{.mode = mode, .partials = &partials});
    if (!program) continue;
    content::variables(*program);
    content::RenderContext context(data.as_object());
    content::RenderOptions options{.clock = clock, .auto_escape = mode == content::ParseMode::strict};
    options.budgets.output_bytes = 64 * 1024;
    auto const once = content::render_liquid(*program, context, options);
    auto const again = content::render_liquid(*program, context, options);
    require(once.has_value() == again.has_value(), "a template renders or fails, both times");
    if (!once) continue;
    require(*once == *again, "the same template and data give the same text");
    require(once->size() <= options.budgets.output_bytes, "the output keeps to its budget");
  }
}

std::vector<Pattern> patterns() {
  auto const most = std::size_t(256) * 1024;
  return {{"", "{{ s }}", "", most},
          {"", "{{", "", most},
          {"", "{%", "", most},
          {"", "{% if t %}", "", most},
          {"{{ s ", "| upcase ", "}}", most},
          {"{{ s", ".a", "}}", most},
          {"{{ s", "[s", "}}", most},
          {"{% if t ", "and t ", "%}{% endif %}", most},
          {"{% comment %}", "{% comment %}", "", most},
          {"{% raw %}", "{% endra", "", most},
          {"", "{% raw %}", "", most},
          {"{% case n %}", "{% when 1, 2 %}x", "{% endcase %}", most},
          {"{% liquid\n", "assign a = 1\n", "%}", most},
          {"{{ '", "x", "' | upcase }}", most},
          {"", "{% assign a1 = n %}", "", most},
          {"{% cycle ", "'x', ", "'y' %}", most},
          {"{{ ", "((", " }}", most}};
}

}  // namespace postrider::fuzz
