#include "postrider/base/random.h"
#include "postrider/content/compiled_template.h"
#include "postrider/content/plain_text.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <cstdlib>

using namespace postrider;
using namespace postrider::content;
namespace json = boost::json;

// Templates thrown together from pieces. Nothing may crash, hang or print Liquid's own marks from data; the sanitizers watch.
// POSTRIDER_FUZZ_ROUNDS makes it longer.

namespace {

constexpr std::string_view kPieces[] = {"{{ a }}",
                                        "{{ a.b }}",
                                        "{{ a.list }}",
                                        "{{ s | upcase }}",
                                        "{{ s | truncate: 3 }}",
                                        "{{ n | divided_by: 3 }}",
                                        "{{ a.list | sort | join: ',' }}",
                                        "{{ a.list | map: 'k' }}",
                                        "{{ s | split: '' | reverse | join }}",
                                        "{{ n | round: 2 }}",
                                        "{{ s | date: '%F' }}",
                                        "{{ 'now' | date: '%c %N %-d', 'Europe/Rome' }}",
                                        "{{ s | slice: -3, 2 }}",
                                        "{{ a | json }}",
                                        "{{ h | raw }}",
                                        "{{ s | replace: 'a', s }}",
                                        "{{ n | money: 'EUR' }}",
                                        "{{ s | strip_html | escape_once }}",
                                        "{{ s | base64_encode | base64_decode }}",
                                        "{{ a.list | where: 'k', 1 | first }}",
                                        "{{ a.list | sum: 'k' }}",
                                        "{{ a.list | uniq | compact | concat: a.list }}",
                                        "{{ n | times: n | times: n | plus: 0.1 }}",
                                        "{{ (1..n) }}",
                                        "{{ s[0] }}{{ a['b'][n] }}{{ [s] }}",
                                        "{{ a.list | find: 'k', 2 | default: 'x' }}",
                                        "{% if a %}",
                                        "{% if a.b > 1 and s contains 'x' or n == 3 %}",
                                        "{% elsif s %}",
                                        "{% else %}",
                                        "{% endif %}",
                                        "{% unless a %}",
                                        "{% endunless %}",
                                        "{% case n %}",
                                        "{% when 1, 2 or 3 %}",
                                        "{% endcase %}",
                                        "{% for i in a.list %}",
                                        "{% for i in (1..5) reversed limit:3 offset:1 %}",
                                        "{% for i in a %}",
                                        "{% for i in s offset:continue %}",
                                        "{% endfor %}",
                                        "{{ i }}{{ forloop.index }}{{ forloop.parentloop.rindex }}",
                                        "{% break %}",
                                        "{% continue %}",
                                        "{% tablerow i in a.list cols:2 %}",
                                        "{% endtablerow %}",
                                        "{% assign s = s | append: 'x' %}",
                                        "{% assign s = a.list | join %}",
                                        "{% capture s %}",
                                        "{% endcapture %}",
                                        "{% cycle 'x', 'y' %}",
                                        "{% increment c %}",
                                        "{% decrement c %}{{ c }}",
                                        "{% ifchanged %}",
                                        "{% endifchanged %}",
                                        "{% comment %}",
                                        "{% endcomment %}",
                                        "{% raw %}",
                                        "{% endraw %}",
                                        "{% liquid\nassign q = 1\necho q\n%}",
                                        "{%- # note -%}",
                                        "{% abort s %}",
                                        "{{",
                                        "}}",
                                        "{%",
                                        "%}",
                                        "{{-",
                                        "-}}",
                                        "'",
                                        "\"",
                                        "|",
                                        ":",
                                        "..",
                                        "[",
                                        "]",
                                        "(",
                                        ")",
                                        " ",
                                        "\n",
                                        "\r\n",
                                        "\t",
                                        "\xC3\xA9",
                                        "\xF0\x9F\x98\x80",
                                        "\xFF",
                                        "\0x",
                                        "<p>",
                                        "</p>",
                                        "<a href=\"https://a.example/{{ s }}\">",
                                        "<a href=https://a.example/x>",
                                        "<a href='{{ campaign.url }}'>",
                                        "<a href=\"{{ unsubscribe_url }}\">",
                                        "</a>",
                                        "<table><tr><td>",
                                        "</td></tr></table>",
                                        "<th>",
                                        "<ul><li>",
                                        "</li></ul>",
                                        "<ol>",
                                        "</ol>",
                                        "<br>",
                                        "<hr>",
                                        "<img alt=\"{{ s }}\">",
                                        "<img src=x>",
                                        "<!-- ",
                                        " -->",
                                        "<script>",
                                        "</script>",
                                        "<style>",
                                        "</style>",
                                        "<pre>",
                                        "</pre>",
                                        "<blockquote>",
                                        "</blockquote>",
                                        "<div style=\"display:none\">",
                                        "</div>",
                                        "<head>",
                                        "</head>",
                                        "<body>",
                                        "</body>",
                                        "<",
                                        ">",
                                        "&amp;",
                                        "&#123;&#123;",
                                        "&nbsp;",
                                        "=",
                                        "/",
                                        "words of text ",
                                        "<a {% if a %}href=\"https://b.example/\"{% endif %}>"};

struct Numbers : LinkWriter {
  void link(std::uint32_t number, std::string_view target, std::string& out) override {
    if (!target.starts_with("http")) std::abort();
    out += std::to_string(number);
  }
  void open_pixel(std::string& out) override { out += "<img>"; }
};

std::string thrown_together(Random& random) {
  std::string source;
  auto count = 1 + random.next() % (random.next() % 8 == 0 ? 80 : 14);
  for (std::uint64_t i = 0; i < count; ++i) source += kPieces[random.next() % std::size(kPieces)];
  // Now and then a byte is changed or lost.
  if (!source.empty() && random.next() % 4 == 0) source[random.next() % source.size()] = static_cast<char>(random.next() % 256);
  if (!source.empty() && random.next() % 8 == 0) source.erase(random.next() % source.size(), 1 + random.next() % 3);
  return source;
}

}  // namespace

TEST_CASE("templates thrown together never break the engine", "[liquid][content][security]") {
  auto const* wanted = std::getenv("POSTRIDER_FUZZ_ROUNDS");
  auto rounds = wanted ? std::atoi(wanted) : 4000;
  auto const* seed = std::getenv("POSTRIDER_FUZZ_SEED");
  SeededRandom random(seed ? static_cast<std::uint64_t>(std::atoll(seed)) : 20260305);
  FixedClock clock(*parse_instant("2026-03-05T07:08:09Z"));
  json::object context{{"a", {{"b", {1, "two", nullptr, 2.5}}, {"list", {{{"k", 1}}, {{"k", 2}}, "x", 3, nullptr, {1, {2}}}}}},
                       {"s", "a\xC3\xA9 {{ n }} <b>&amp; \xFF 12"},
                       {"n", 3},
                       {"h", "<i>x</i>"},
                       {"campaign", {{"url", "https://c.example/?a=1&b=2"}}},
                       {"unsubscribe_url", "https://m.example/u"}};
  int compiled_count = 0, rendered_count = 0, derived = 0;
  for (int round = 0; round < rounds; ++round) {
    auto source = thrown_together(random);
    INFO(source);
    auto compiled = compile_template({.subject = source.substr(0, 60), .html_body = source, .text_body = round % 2 ? source : ""});
    auto lax = parse_liquid(source, {.mode = ParseMode::lax});
    if (lax) {
      auto text = render_liquid(*lax, RenderContext(context), {.clock = clock, .errors_inline = true});
      if (!text) CHECK(text.error().line >= 1);
    }
    if (!compiled) {
      CHECK(!compiled.error().fields.empty());
      compiled = compile_template({.html_body = source});
      if (!compiled) continue;
    }
    ++compiled_count;
    if (round % 2 == 0) derived += compiled->text_is_derived;
    Numbers numbers;
    for (bool strict : {false, true}) {
      auto sent = render_template(*compiled, RenderContext(context),
                                  {.clock = clock, .strict_variables = strict, .links = strict ? &numbers : nullptr});
      if (!sent) {
        CHECK(!sent.error().message.empty());
        continue;
      }
      ++rendered_count;
      CHECK(sent->subject.find_first_of("\r\n") == std::string::npos);
    }
  }
  // The pieces must not be so hostile that nothing is tested.
  CHECK(compiled_count * 20 > rounds);
  CHECK(rendered_count * 20 > rounds);
  CHECK(derived * 40 > rounds);
}
