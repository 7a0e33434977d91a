#include "postrider/content/compiled_template.h"
#include "postrider/content/plain_text.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::content;
namespace json = boost::json;

namespace {

// The derived text, as it is sent.
std::string text_of(std::string_view html, json::object const& context = {}) {
  SystemClock clock;
  auto compiled = compile_template({.html_body = std::string(html)});
  if (!compiled) return "ERROR " + compiled.error().fields.front().message;
  if (!compiled->text_is_derived) return "NO TEXT from " + plain_text_of(html);
  auto sent = render_template(*compiled, RenderContext(context), {.clock = clock});
  return sent ? sent->text : "ERROR " + sent.error().describe();
}

std::vector<std::string> codes(CompiledTemplate const& compiled) {
  std::vector<std::string> found;
  for (auto const& warning : compiled.warnings)
    found.push_back(warning.code + "@" + warning.part + std::to_string(warning.line) + ":" + std::to_string(warning.column));
  return found;
}

json::object const kContext{{"contact", {{"first_name", "Jane <3"}, {"email", "jane@example.net"}, {"attributes", json::object{}}}},
                            {"campaign", {{"name", "Summer\r\nBcc: evil@example.org"}}},
                            {"unsubscribe_url", "https://m.example/u/1"}};

struct Urls : LinkWriter {
  void link(std::uint32_t number, std::string_view, std::string& out) override { out += "https://t.example/c/" + std::to_string(number); }
  void open_pixel(std::string& out) override { out += "<img src=\"https://t.example/o.gif\" alt=\"\">"; }
};

}  // namespace

TEST_CASE("plain text keeps words, breaks and links of the HTML", "[content]") {
  CHECK(text_of("<html><head><title>T</title><style>p{}</style></head><body><h1>Hello&nbsp;&amp; welcome</h1><p>One\n  two "
                "<b>three</b>.</p><p>Four<br>five</p></body></html>") == "Hello & welcome\n\nOne two three.\n\nFour\nfive\n");
  CHECK(text_of("<p>See <a href=\"https://a.example/?a=1&amp;b=2\">our shop</a>, <a href=\"https://b.example\">https://b.example</a> or <a "
                "href=\"mailto:x@y.example\">x@y.example</a>.</p>") ==
        "See our shop (https://a.example/?a=1&b=2), https://b.example or x@y.example.\n");
  CHECK(text_of("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><ol><li>x</li><li><p>y</p></li></ol>") ==
        "- a\n- b\n  - c\n\n1. x\n2. y\n");
  CHECK(text_of("<table><tr><th>Item</th><th>Price</th></tr><tr><td>Pen</td><td>2</td></tr></table>") == "Item | Price\nPen | 2\n");
  CHECK(text_of("<table><tr><td>left</td><td>right</td></tr></table>") == "left\nright\n");
  CHECK(text_of("<a href=\"https://a.example\"><img src=x alt=\"Our logo\"></a><img src=y><div style=\"display: none\">hidden "
                "<b>x</b></div> after") == "Our logo (https://a.example) after\n");
  CHECK(text_of("a<script>if (1 < 2) {}</script><!-- c --> b<hr>c") == "a b\n\n----------\n\nc\n");
  CHECK(text_of("<blockquote>one<br>two</blockquote>three") == "> one\n> two\n\nthree\n");
  CHECK(text_of("<pre>a  b\n c</pre>") == "a  b\n c\n");
}

TEST_CASE("plain text keeps the Liquid of the HTML where it was", "[content]") {
  json::object context{{"contact", {{"first_name", "Tom & <Jerry>"}, {"bio", "<b>big</b>"}}},
                       {"items", {{{"n", "A"}, {"u", "a"}}, {{"n", "B"}, {"u", "b"}}}},
                       {"vip", true}};
  CHECK(
      text_of(
          "<p>Hi {{ contact.first_name | escape }},</p>{% if vip %}<p>VIP</p>{% else %}<p>no</p>{% endif %}<p>{{ contact.bio | raw }}</p>",
          context) == "Hi Tom & <Jerry>,\n\nVIP\n\nbig\n");
  CHECK(text_of("<table>{% for i in items %}<tr><td><a href=\"https://s.example/{{ i.u }}\">{{ i.n }}</a></td></tr>{% endfor %}</table>end",
                context) == "A (https://s.example/a)\nB (https://s.example/b)\n\nend\n");
  CHECK(text_of("<ol>{% for i in items %}<li>{{ i.n }}</li>{% endfor %}</ol>", context) == "1. A\n2. B\n");
  CHECK(text_of("a {% raw %}{{ x }}{% endraw %} &#123;&#123; y }} {% comment %}c{% endcomment %}b") == "a {{ x }} {{ y }} b\n");
  CHECK(text_of("<div {% if vip %}class=\"a\"{% endif %}>x</div><a {% if vip %}href=\"https://a.example\">{% else "
                "%}href=\"https://b.example\">{% endif %}y</a>",
                context) == "x\ny (https://a.example)\n");
  CHECK(text_of("<style>{% if vip %}a{% endif %}{{ contact.first_name }}</style>{% assign z = 1 %}<p>{{ z }}</p>", context) == "1\n");
  for (bool vip : {true, false}) {
    context["vip"] = vip;
    CHECK(text_of("<p>A</p>{% if vip %}B{% else %}C{% endif %}<p>D</p>", context) == (vip ? "A\n\nB\n\nD\n" : "A\n\nC\n\nD\n"));
    CHECK(text_of("<p>A</p>{% if vip %}<p>B</p>{% endif %}<p>D</p>", context) == (vip ? "A\n\nB\n\nD\n" : "A\n\nD\n"));
    CHECK(text_of("<p>A</p>{% if vip %}B{% endif %}<p>D</p>", context) == (vip ? "A\n\nB\n\nD\n" : "A\n\nD\n"));
    CHECK(text_of("Hello {% if vip %}dear{% endif %} friend", context) == (vip ? "Hello dear friend\n" : "Hello  friend\n"));
    CHECK(text_of("<p>A</p>{% for i in items %}<p>{{ i.n }}</p>{% endfor %}<p>D</p>", context) == "A\n\nA\n\nB\n\nD\n");
    CHECK(text_of("{% for i in items %}<div>{{ i.n }}{% if vip %}<br>v{% endif %}{% endfor %}D", context) ==
          (vip ? "A\nv\nB\nv\nD\n" : "A\nB\nD\n"));
    CHECK(text_of("a {% capture x %}<p>q</p><p>r</p>{% endcapture %}b {{ x }}", context) == "a b q\n\nr\n");
  }
  CHECK(text_of("{% tablerow i in items cols:2 %}{{ i.n }} {% endtablerow %}", context).find('<') == std::string::npos);
}

TEST_CASE("one function renders subject, HTML and text", "[content]") {
  auto compiled = compile_template({.subject = "{{ campaign.name }}:\n  hi {{ contact.first_name }}",
                                    .html_body = "<body><p>Hi {{ contact.first_name }}</p><a href=\"https://a.example/{{ contact.email "
                                                 "}}\">go</a> <a href=\"{{ unsubscribe_url }}\">leave</a></body>"});
  REQUIRE(compiled.has_value());
  CHECK(compiled->links.size() == 1);
  CHECK(compiled->text_is_derived);
  SystemClock clock;
  Urls urls;
  auto sent = render_template(*compiled, RenderContext(kContext), {.clock = clock, .links = &urls});
  REQUIRE(sent.has_value());
  CHECK(sent->subject == "Summer Bcc: evil@example.org: hi Jane <3");
  CHECK(sent->html ==
        "<body><p>Hi Jane &lt;3</p><a href=\"https://t.example/c/0\">go</a> <a href=\"https://m.example/u/1\">leave</a><img "
        "src=\"https://t.example/o.gif\" alt=\"\"></body>");
  CHECK(sent->text == "Hi Jane <3\n\ngo (https://a.example/jane@example.net) leave (https://m.example/u/1)\n");
  auto preview = render_template(*compiled, RenderContext(kContext), {.clock = clock});
  REQUIRE(preview.has_value());
  CHECK(
      preview->html ==
      "<body><p>Hi Jane &lt;3</p><a href=\"https://a.example/jane@example.net\">go</a> <a href=\"https://m.example/u/1\">leave</a></body>");
  CHECK(preview->text == sent->text);
  CHECK(link_target(*compiled, 0, RenderContext(kContext), {.clock = clock}).value() == "https://a.example/jane@example.net");
  CHECK(!link_target(*compiled, 1, RenderContext(kContext), {.clock = clock}).value());
}

TEST_CASE("the subject never holds a line break", "[content][security]") {
  SystemClock clock;
  for (auto const* hostile : {"a\r\nBcc: x", "a\nb", "a\rb", "a\tb", "a\u2028b", "a\u2029b", "a\u0085b",
                              "a\x01"
                              "b",
                              "  a  b  "}) {
    json::object context{{"contact", {{"x", hostile}}}};
    auto compiled = compile_template({.subject = "{{ contact.x }}", .text_body = "t"});
    auto sent = render_template(*compiled, RenderContext(context), {.clock = clock});
    REQUIRE(sent.has_value());
    CHECK((sent->subject == "a b" || sent->subject == "a Bcc: x"));
  }
}

TEST_CASE("compiling tells every part's mistake at its place", "[content]") {
  auto compiled = compile_template({.subject = "{{ x | nosuch }}", .html_body = "<p>\n{% if %}</p>", .text_body = "{{ unclosed"});
  REQUIRE(compiled.has_error());
  auto const& error = compiled.error();
  CHECK(error.code == Code::invalid);
  REQUIRE(error.fields.size() == 3);
  CHECK(error.fields[0].pointer == "/subject");
  CHECK(error.fields[0].message == "line 1, column 8: unknown filter 'nosuch'");
  CHECK(error.fields[1].pointer == "/html_body");
  CHECK(error.fields[1].message == "line 2, column 6: expected a value");
  CHECK(error.fields[2].pointer == "/text_body");
  auto links = compile_template({.html_body = "<a href=\"javascript:x\">x</a><a href=\"https://{{ contact.x }}/\">y</a>"});
  REQUIRE(links.has_error());
  REQUIRE(links.error().fields.size() == 2);
  CHECK(links.error().fields[0].code == "link");
}

TEST_CASE("an unknown variable fails the render and names its part, and abort is told apart", "[content]") {
  SystemClock clock;
  auto compiled = compile_template({.subject = "s", .html_body = "<p>\n{{ contact.attributes.plan }}</p>"}).value();
  auto sent = render_template(compiled, RenderContext(kContext), {.clock = clock});
  REQUIRE(sent.has_error());
  CHECK(sent.error().fault == TemplateFault::unknown_variable);
  CHECK(sent.error().describe().starts_with("html, line 2, column 4: unknown variable contact.attributes.plan"));
  auto skips = compile_template({.subject = "s", .text_body = "{% abort 'not today' %}"}).value();
  auto skipped = render_template(skips, RenderContext(kContext), {.clock = clock});
  REQUIRE(skipped.has_error());
  CHECK(skipped.error().fault == TemplateFault::aborted);
  CHECK(skipped.error().message == "not today");
}

TEST_CASE("warnings say what is wrong and where", "[content]") {
  auto bare = compile_template({.html_body = "<p>Hi {{ contact.first_name }} {{ customer.name }}</p>\n<img src=\"x\"><a href=\"\">x</a><p "
                                             "class={{ contact.email }} onclick=\"x\">y</p>"})
                  .value();
  CHECK(codes(bare) == std::vector<std::string>{"no_default@html1:10", "unknown_variable@html1:35", "missing_subject@subject1:1",
                                                "missing_plain_text@text1:1", "missing_unsubscribe@html1:1", "missing_alt@html2:1",
                                                "active_content@html2:30", "unquoted_output@html2:30", "broken_link@html2:23"});
  auto good = compile_template({.subject = "Hi {{ contact.first_name | default: 'you' }}",
                                .html_body = "<p>{{ campaign.name }} {{ event.x }} {{ variables.y }} {{ journey.z }} {{ message.id }} {{ "
                                             "sender.name }}</p><a href=\"{{ unsubscribe_url }}\">bye</a>",
                                .text_body = "x {{ view_url }}"})
                  .value();
  CHECK(codes(good).empty());
  auto heavy =
      compile_template(
          {.subject = "s", .html_body = "<a href=\"{{ preferences_url }}\">p</a>" + std::string(103 * 1024, 'x'), .text_body = "t"})
          .value();
  CHECK(codes(heavy) == std::vector<std::string>{"too_large@html1:1"});
  auto sms = compile_template({.channel = TemplateChannel::sms, .html_body = "<p>x</p>", .text_body = "Hi {{ contact.email }}"}).value();
  CHECK(codes(sms) == std::vector<std::string>{"ignored_part@1:1"});
  CHECK(!sms.has_html);
}

TEST_CASE("the variables of all parts are listed once", "[content]") {
  auto compiled = compile_template({.subject = "{{ contact.first_name }}",
                                    .html_body = "{{ contact.first_name }}{{ campaign.name }}",
                                    .text_body = "{{ contact.email }}"})
                      .value();
  std::vector<std::string> paths;
  for (auto const& use : compiled.variables) paths.push_back(use.path);
  CHECK(paths == std::vector<std::string>{"contact.first_name", "campaign.name", "contact.email"});
}
