#include "postrider/content/liquid.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::content;
namespace json = boost::json;

namespace {

Instant const kNow = *parse_instant("2026-03-05T07:08:09Z");

struct Setup {
  FixedClock clock{kNow};
  ParseOptions parse = {};
  bool auto_escape = false;
  bool strict = false;
  std::string_view zone = "UTC";

  TemplateResult<std::string> run(std::string_view source, json::object const& context = {}) const {
    auto program = parse_liquid(source, parse);
    if (!program) return program.error();
    return render_liquid(*program, RenderContext(context),
                         {.clock = clock, .auto_escape = auto_escape, .strict_variables = strict, .time_zone = zone});
  }
};

std::string plain(std::string_view source, json::object const& context = {}) {
  auto text = Setup().run(source, context);
  return text ? *text : "ERROR " + text.error().describe();
}

std::string html(std::string_view source, json::object const& context = {}) {
  Setup setup;
  setup.auto_escape = true;
  auto text = setup.run(source, context);
  return text ? *text : "ERROR " + text.error().describe();
}

TemplateError error_of(Setup const& setup, std::string_view source, json::object const& context = {}) {
  auto text = setup.run(source, context);
  REQUIRE(text.has_error());
  return text.error();
}

}  // namespace

TEST_CASE("an error says where in the template it lies", "[liquid]") {
  auto unknown_tag = error_of({}, "one\ntwo {% nosuch %}");
  CHECK(unknown_tag.fault == TemplateFault::syntax);
  CHECK(unknown_tag.describe() == "line 2, column 5: unknown tag 'nosuch'");
  CHECK(error_of({}, "{{ x | uppcase }}").describe() == "line 1, column 8: unknown filter 'uppcase'");
  CHECK(error_of({}, "{{ x | append }}").describe() == "line 1, column 8: filter 'append' takes 1 arguments, not 0");
  CHECK(error_of({}, "é {{ x").describe() == "line 1, column 3: this output is never closed with }}");
  CHECK(error_of({}, "\n\n  {% if x %}").describe() == "line 3, column 3: if is never closed with endif");
  CHECK(error_of({}, "{% for x in y %}{% endif %}").describe() ==
        "line 1, column 17: endif closes nothing (the open block is another one)");
  CHECK(error_of({}, "a\n{{ 1 | divided_by: 0 }}").describe() == "line 2, column 8: divided by 0");
  CHECK(error_of({}, "{% liquid\n assign a = 1\n nosuch\n%}").describe() == "line 3, column 2: unknown tag 'nosuch'");
}

TEST_CASE("a strict render names the unknown variable unless it has a default or is only tested", "[liquid]") {
  Setup setup;
  setup.strict = true;
  json::object context{{"contact", {{"first_name", "Jane"}, {"nick", nullptr}}}};
  auto error = error_of(setup, "Hi\n{{ contact.last_name | upcase }}", context);
  CHECK(error.fault == TemplateFault::unknown_variable);
  CHECK(error.line == 2);
  CHECK(error.column == 4);
  CHECK(error.message.starts_with("unknown variable contact.last_name"));
  CHECK(error_of(setup, "{{ 'a' | append: nobody }}").message.starts_with("unknown variable nobody"));
  CHECK(error_of(setup, "{% for x in nothing %}{% endfor %}").message.starts_with("unknown variable nothing"));
  CHECK(error_of(setup, "{{ contact.nick.deeper }}", context).message.starts_with("unknown variable contact.nick.deeper"));
  CHECK(setup.run("{{ contact.nick }}|{{ contact.last_name | default: 'you' }}", context).value() == "|you");
  CHECK(setup.run("{% if contact.vip or nothing.at.all %}y{% else %}n{% endif %}", context).value() == "n");
  CHECK(setup.run("{% for x in nothing %}{% else %}none{% endfor %}", context).value() == "none");
  CHECK(setup.run("{% for c in contact.first_name %}{{ forloop.index }}{{ c }}{% endfor %}", context).value() == "1Jane");
}

TEST_CASE("HTML output is escaped unless it went through raw", "[liquid]") {
  json::object context{{"x", "<b>\"Tom\" & 'co'</b>\nnext"}, {"list", {"<i>", 1}}};
  CHECK(html("{{ x }}", context) == "&lt;b&gt;&quot;Tom&quot; &amp; &#39;co&#39;&lt;/b&gt;\nnext");
  CHECK(html("{{ x | raw }}", context) == "<b>\"Tom\" & 'co'</b>\nnext");
  CHECK(html("{{ x | raw | upcase }}", context) == "&lt;B&gt;&quot;TOM&quot; &amp; &#39;CO&#39;&lt;/B&gt;\nNEXT");
  CHECK(html("{{ x | escape }}", context) == html("{{ x }}", context));
  CHECK(html("{{ '<a>\nb' | newline_to_br }}") == "&lt;a&gt;<br />\nb");
  CHECK(html("{{ list }}{{ list | join: '<br>' }}", context) == "&lt;i&gt;1&lt;i&gt;&lt;br&gt;1");
  CHECK(html("{% capture y %}<p>{{ x | slice: 0, 3 }}</p>{% endcapture %}{{ y }}", context) == "<p>&lt;b&gt;</p>");
  CHECK(html("{{ x | json }}", context).find('<') == std::string::npos);
  CHECK(html("{{ 1.5 }}{{ true }}{{ nil }}") == "1.5true");
}

TEST_CASE("a value is never parsed as a template", "[liquid]") {
  json::object context{{"name", "{{ secret }}{% include 'x' %}"}, {"secret", "S"}};
  CHECK(plain("{{ name }}", context) == "{{ secret }}{% include 'x' %}");
  CHECK(plain("{% assign a = name %}{% capture b %}{{ a }}{% endcapture %}{{ b | append: '' }}", context) ==
        "{{ secret }}{% include 'x' %}");
}

TEST_CASE("later roots of a context shadow earlier ones", "[liquid]") {
  json::object shared{{"campaign", {{"name", "Summer"}}}, {"contact", {{"first_name", "nobody"}}}};
  json::object own{{"contact", {{"first_name", "Jane"}}}};
  auto program = parse_liquid("{{ campaign.name }} {{ contact.first_name }}").value();
  FixedClock clock(kNow);
  RenderContext context(shared);
  context.push(own);
  CHECK(render_liquid(program, context, {.clock = clock}).value() == "Summer Jane");
}

TEST_CASE("the added filters do what their names say", "[liquid]") {
  CHECK(plain("{{ 1234567.5 | money: 'EUR' }} {{ -3 | money: 'usd' }} {{ 1999 | money: 'JPY' }} {{ 5 | money: 'XYZ' }} {{ '12.345' | money "
              "}}") == "€1,234,567.50 -$3.00 ¥1,999 XYZ 5.00 12.35");
  CHECK(plain("{{ 1 | pluralize: 'item', 'items' }} {{ 2 | pluralize: 'item', 'items' }} {{ 0 | pluralize: 'day' }}") == "item items days");
  CHECK(plain("{{ 1234567 | number_with_delimiter }} {{ 1234.5 | number_with_delimiter: '.', ',' }} {{ -100 | number_with_delimiter }}") ==
        "1,234,567 1.234,5 -100");
  CHECK(plain("{{ x | json }}", {{"x", {{"a", {1, "b\"", nullptr, 1.5}}}}}) == R"({"a":[1,"b\"",null,1.5E0]})");
  CHECK(plain("{{ 'a,b' | split: ',' | json }}") == R"(["a","b"])");
}

TEST_CASE("abort ends the render with its reason", "[liquid]") {
  auto error = error_of({}, "Hi {% if contact.orders == 0 %}{% abort 'no orders' %}{% endif %}", {{"contact", {{"orders", 0}}}});
  CHECK(error.fault == TemplateFault::aborted);
  CHECK(error.message == "no orders");
  CHECK(plain("Hi {% if contact.orders == 0 %}{% abort 'no orders' %}{% endif %}", {{"contact", {{"orders", 1}}}}) == "Hi ");
}

TEST_CASE("dates are read generously and told in any zone", "[liquid]") {
  CHECK(plain("{{ '2026-07-01T10:00:00Z' | date: '%F %R %Z', 'Europe/Rome' }}") == "2026-07-01 12:00 CEST");
  CHECK(plain("{{ '2026-01-01T10:00:00Z' | date: '%F %R %:z', 'America/New_York' }}") == "2026-01-01 05:00 -05:00");
  CHECK(plain("{{ 'now' | date: '%F %T' }} {{ 'today' | date: '%A' }}") == "2026-03-05 07:08:09 Thursday");
  CHECK(plain("{{ 0 | date: '%F' }} {{ '1767225600' | date: '%F' }}") == "1970-01-01 2026-01-01");
  CHECK(plain("{{ 'Thu, 05 Mar 2026 07:08:09 +0100' | date: '%F %T %z' }}") == "2026-03-05 07:08:09 +0100");
  CHECK(plain("{{ 'March 5th, 2026 3:04pm' | date: '%F %R' }} {{ '5/3/2026' | date: '%F' }} {{ '05.03.2026' | date: '%F' }} {{ "
              "'2026/03/05' | date: '%F' }}") == "2026-03-05 15:04 2026-03-05 2026-03-05 2026-03-05");
  CHECK(plain("{{ '20260305T070809Z' | date: '%F %T' }} {{ '10:30' | date: '%F %R' }} {{ 'Mar 2027' | date: '%F' }}") ==
        "2026-03-05 07:08:09 2026-03-05 10:30 2027-03-01");
  CHECK(plain("{{ '2026-02-30' | date: '%F' }} {{ 'soon' | date: '%F' }} {{ '2026-13-01' | date: '%F' }}") == "2026-02-30 soon 2026-13-01");
  CHECK(plain("{{ '2026-03-05T07:08:09.123456Z' | date: '%L %3N %6N %N %s' }}") == "123 123 123456 123456000 1772694489");
  CHECK(plain("{{ '2025-12-29' | date: '%G-W%V-%u %g %U %W %j %C' }}") == "2026-W01-1 26 52 52 363 20");
  CHECK(plain("{{ '2026-03-05T19:08:09Z' | date: '%10Y|%-m|%_m|%^B|%#p|%e|%k|%l|%P|%v|%+|%::z' }}") ==
        "0000002026|3| 3|MARCH|pm| 5|19| 7|pm| 5-MAR-2026|Thu Mar  5 19:08:09 UTC 2026|+00:00:00");
  CHECK(plain("{{ '2026-01-01T10:00:00Z' | date: '%R %Z', nil }} {{ '2026-01-01T10:00:00+05:00' | date: '%R %Z', 'UTC' }}") == "10:00 UTC 05:00 UTC");
  Setup rome;
  rome.zone = "Europe/Rome";
  CHECK(rome.run("{{ '2026-07-01 10:00' | date: '%R %z' }} {{ 1782907200 | date: '%R %z' }}").value() == "10:00 +0200 14:00 +0200");
  CHECK(error_of({}, "{{ 'now' | date: '%F', 'Mars/Olympus' }}").message == "unknown time zone 'Mars/Olympus'");
}

TEST_CASE("the variables of a template are listed with their places", "[liquid]") {
  auto program = parse_liquid(
      "{{ contact.first_name | default: campaign.greeting }}\n"
      "{% assign x = contact.attributes['plan'] %}{{ x }}{% for p in event.products %}{{ p.name }}{{ forloop.index }}{% endfor %}\n"
      "{% if contact.tags[0] == 'vip' %}{{ unsubscribe_url }}{% endif %}{{ p }}");
  REQUIRE(program.has_value());
  std::string listed;
  for (auto const& use : variables(*program)) {
    listed += use.path + " " + std::to_string(use.line) + ":" + std::to_string(use.column) + (use.has_default ? " optional\n" : "\n");
  }
  CHECK(listed ==
        "contact.first_name 1:4 optional\n"
        "campaign.greeting 1:34\n"
        "contact.attributes.plan 2:15\n"
        "event.products 2:63\n"
        "contact.tags[] 3:7 optional\n"
        "unsubscribe_url 3:37\n"
        "p 3:69\n");
}

TEST_CASE("a program may be rendered again and again with the same result", "[liquid]") {
  auto program = parse_liquid(
                     "{% increment n %}{% cycle 'a', 'b' %}{% assign x = x | append: 'y' %}{{ x }}{% for i in (1..3) limit: 1 offset: "
                     "continue %}{{ i }}{% endfor %}")
                     .value();
  FixedClock clock(kNow);
  json::object nothing;
  auto first = render_liquid(program, RenderContext(nothing), {.clock = clock}).value();
  CHECK(first == "0ay1");
  CHECK(render_liquid(program, RenderContext(nothing), {.clock = clock}).value() == first);
}

TEST_CASE("break closes what stands between it and its loop", "[liquid]") {
  CHECK(plain("{% for i in (1..3) %}{% capture x %}a{% if i == 2 %}{% break %}{% endif %}{% endcapture %}[{{ x }}]{% endfor %}|{{ x }}") ==
        "[a]|a");
  CHECK(plain("{% for i in (1..3) %}{% case i %}{% when 2 %}{% continue %}{% endcase %}{{ i }}{% endfor %}") == "13");
  CHECK(plain("a{% break %}b") == "a");
}
