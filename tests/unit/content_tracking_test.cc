#include "postrider/content/tracking.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::content;
namespace json = boost::json;

namespace {

struct Marker : LinkWriter {
  void link(std::uint32_t number, std::string_view target, std::string& out) override {
    out += "T" + std::to_string(number);
    targets.emplace_back(target);
  }
  void open_pixel(std::string& out) override { out += "[pixel]"; }
  std::vector<std::string> targets;
};

struct Sent {
  std::string html;
  std::vector<std::string> targets;
};

Sent send(std::string_view html, json::object const& context = {}, bool tracking = true, bool with_writer = true) {
  auto found = find_links(html, tracking);
  for (auto const& error : found.refused) FAIL("refused: " << error.describe());
  auto program = parse_liquid(html, {.links = found.spans, .pixel_at = found.pixel_at});
  if (!program) return {"ERROR " + program.error().describe(), {}};
  SystemClock clock;
  Marker marker;
  auto text =
      render_liquid(*program, RenderContext(context), {.clock = clock, .auto_escape = true, .links = with_writer ? &marker : nullptr});
  return {text ? *text : "ERROR " + text.error().describe(), marker.targets};
}

std::string refusal(std::string_view html) {
  auto found = find_links(html, true);
  return found.refused.empty() ? "" : found.refused.front().describe();
}

}  // namespace

TEST_CASE("tracking replaces the addresses of links and leaves every other byte alone", "[content]") {
  auto html = R"(<!DOCTYPE html>
<BODY class=x   ><A  HREF = 'https://a.example/x?b=1&amp;c=2'   title="it's">one</A> &nbsp;
<!-- <a href="https://no.example/">no</a> --><a href=https://b.example/y>two</a ><p>unclosed <img src="https://i.example/x.png"></Body >
tail)";
  auto sent = send(html);
  CHECK(sent.html == R"(<!DOCTYPE html>
<BODY class=x   ><A  HREF = 'T0'   title="it's">one</A> &nbsp;
<!-- <a href="https://no.example/">no</a> --><a href=T1>two</a ><p>unclosed <img src="https://i.example/x.png">[pixel]</Body >
tail)");
  CHECK(sent.targets == std::vector<std::string>{"https://a.example/x?b=1&c=2", "https://b.example/y"});
  CHECK(send(html, {}, false).html == html);
}

TEST_CASE("merge tags in an address are rendered before the link is written", "[content]") {
  json::object context{{"contact", {{"id", "7"}, {"first_name", "Zoë & \"co\""}}}};
  auto sent =
      send(R"(<a href="https://a.example/{{ contact.id }}?n={{ contact.first_name }}&amp;m={{ contact.first_name | url_encode }}">x</a>)",
           context);
  CHECK(sent.html == R"(<a href="T0">x</a>[pixel])");
  REQUIRE(sent.targets.size() == 1);
  CHECK(sent.targets[0] == "https://a.example/7?n=Zo%C3%AB%20&%20%22co%22&m=Zo%C3%AB+%26+%22co%22");
  auto plain = send(R"(<a href="https://a.example/{{ contact.id }}?a=1&amp;b=2">x</a>)", context, true, false);
  CHECK(plain.html == R"(<a href="https://a.example/7?a=1&amp;b=2">x</a>)");
}

TEST_CASE("a link in a loop has a number for each of its occurrences", "[content]") {
  json::object context{{"event", {{"items", {"a", "b", "c"}}}}};
  auto sent = send(
      R"({% for i in event.items %}<a href="https://s.example/{{ i }}">x</a>{% endfor %}<a href="https://s.example/end">y</a>)", context);
  CHECK(sent.html == R"(<a href="T0">x</a><a href="T2">x</a><a href="T3">x</a><a href="T1">y</a>[pixel])");
  CHECK(sent.targets ==
        std::vector<std::string>{"https://s.example/a", "https://s.example/b", "https://s.example/c", "https://s.example/end"});
}

TEST_CASE("links that must not be tracked are left alone", "[content]") {
  json::object context{{"unsubscribe_url", "https://m.example/u/1?a=1&b=2"}, {"preferences_url", "https://m.example/p/1"}};
  auto html =
      R"(<a href="mailto:x@y.example">a</a><a href="tel:+391">b</a><a href="#top">c</a><a data-no-track href="https://a.example/">d</a>)"
      R"(<a href="{{ unsubscribe_url }}">e</a><a href="{{- preferences_url -}}?x=1">f</a><a name="x">g</a>)";
  auto sent = send(html, context);
  CHECK(sent.targets.empty());
  CHECK(sent.html ==
        R"(<a href="mailto:x@y.example">a</a><a href="tel:+391">b</a><a href="#top">c</a><a data-no-track href="https://a.example/">d</a>)"
        R"(<a href="https://m.example/u/1?a=1&amp;b=2">e</a><a href="https://m.example/p/1?x=1">f</a><a name="x">g</a>[pixel])");
}

TEST_CASE("the pixel stands once, before the end of the body", "[content]") {
  CHECK(send("<p>x</p>").html == "<p>x</p>[pixel]");
  CHECK(send("<html><body>x</body></html>").html == "<html><body>x[pixel]</body></html>");
  CHECK(send("<html>x</html>\n").html == "<html>x[pixel]</html>\n");
  CHECK(send("<!-- </body> --><body>x<script>'</body>'</script></body>").html ==
        "<!-- </body> --><body>x<script>'</body>'</script>[pixel]</body>");
  CHECK(send("<body>x</body>", {}, false).html == "<body>x</body>");
  CHECK(send("<body>a {%- if true -%} b {%- endif -%} </body>").html == "<body>ab[pixel]</body>");
}

TEST_CASE("template syntax around and inside tags does not confuse the search for links", "[content]") {
  json::object context{{"x", true}, {"n", "a\"b"}};
  CHECK(send(R"(<a {% if x %}class="big"{% endif %} href="https://a.example/">x</a>)", context).html ==
        R"(<a class="big" href="T0">x</a>[pixel])");
  CHECK(send(R"({% if x %}<a href="https://a.example/{% if x %}1{% else %}2{% endif %}">x</a>{% endif %})", context).targets ==
        std::vector<std::string>{"https://a.example/1"});
  CHECK(send(R"(<a title="{{ "a>b" }}" href="https://a.example/">x</a>)", context).html == R"(<a title="a&gt;b" href="T0">x</a>[pixel])");
  CHECK(
      send(
          R"({% comment %}<a href="https://a.example/">x</a>{% endcomment %}{% raw %}<a href="https://b.example/">{{ x }}</a>{% endraw %})",
          context)
          .html == R"(<a href="T0">{{ x }}</a>[pixel])");
  CHECK(send(R"(<a href="https://a.example/?q={{ n }}" class="{{ n }}">x</a>)", context).html ==
        R"(<a href="T0" class="a&quot;b">x</a>[pixel])");
  CHECK(send(R"({% capture l %}<a href="https://a.example/">x</a>{% endcapture %}{{ l }}{{ l }})", context).html ==
        R"(<a href="T0">x</a><a href="T0">x</a>[pixel])");
}

TEST_CASE("dangerous schemes are refused however they are spelled", "[content][security]") {
  for (auto const* href : {"javascript:alert(1)", "JaVaScript:alert(1)", " javascript:x", "java\nscript:x", "java\tscript:x",
                           "&#106;avascript:x", "&#x6A;avascript:x", "javascript&colon;x", "&#106avascript:x", "data:text/html,x",
                           "vbscript:x", "file:///etc/passwd", "javascript:{{ x }}", "java{{ x }}script:y", "\x01javascript:x"}) {
    INFO(href);
    CHECK(!refusal("<a href=\"" + std::string(href) + "\">x</a>").empty());
  }
  CHECK(!refusal("<form action='javascript:x'>").empty());
  CHECK(!refusal("<link href='javascript:x'>").empty());
  CHECK(refusal("\n <a href=\"javascript:x\">") == "line 2, column 11: links with javascript: are not allowed");
}

TEST_CASE("a merge tag in the host of a link is refused", "[content][security]") {
  for (auto const* href : {"https://{{ contact.domain }}/",
                           "https://{{ contact.domain }}.example.com/",
                           "https://example.com{{ contact.x }}/",
                           "https://example.com{{ contact.x }}",
                           "https://a{% if x %}b{% endif %}.example/",
                           "//{{ contact.x }}",
                           "/{{ contact.x }}",
                           "{{ contact.website }}",
                           "{{ event.url }}",
                           "{{ contact.scheme }}://a.example/",
                           "https:{{ contact.x }}",
                           "https:/{{ contact.x }}",
                           "https://a.example:{{ contact.port }}/",
                           "https://{{ contact.user }}@a.example/",
                           "https://a.example\\{{ contact.x }}/",
                           "{{ campaign.url }}{{ contact.x }}",
                           "{{ campaign.url }}.evil",
                           "{% if x %}https://a.example/{% endif %}",
                           "{{ unsubscribe_url }}{{ contact.x }}",
                           "{% liquid echo contact.x %}",
                           "https://{% raw %}a{% endraw %}.example/",
                           "{{ 'https://a.example' | append: contact.x }}",
                           "{{ ['contact'].url }}",
                           "https://user@a.example/{{ x }}"}) {
    INFO(href);
    CHECK(!refusal("<a href=\"" + std::string(href) + "\">x</a>").empty());
  }
  CHECK(!refusal("{% for campaign in event.list %}<a href=\"{{ campaign.url }}\">x</a>{% endfor %}").empty());
  CHECK(!refusal("{% assign unsubscribe_url = contact.x %}<a href=\"{{ unsubscribe_url }}\">x</a>").empty());
  for (auto const* href :
       {"https://a.example/{{ contact.x }}", "https://a.example?{{ contact.x }}", "https://a.example#{{ contact.x }}", "{{ campaign.url }}",
        "{{ campaign.url }}/path", "{{ variables.link | strip }}", "https://a.example:8443/{{ x }}"}) {
    INFO(href);
    CHECK(refusal("<a href=\"" + std::string(href) + "\">x</a>").empty());
  }
}

TEST_CASE("an address that comes whole from the sender is checked when it is rendered", "[content][security]") {
  auto html = R"(<a href="{{ campaign.url }}">x</a>)";
  CHECK(send(html, {{"campaign", {{"url", "https://ok.example/a b"}}}}).targets == std::vector<std::string>{"https://ok.example/a%20b"});
  for (auto const* url : {"javascript:alert(1)", "data:text/html,x", "//evil.example", "\\\\evil.example", "https://",
                          "https://a.example\r\nSet-Cookie: x", "ftp://a.example/", "https://a@b.example/", "https://a\\b/", ""}) {
    INFO(url);
    for (bool tracking : {true, false})
      CHECK(send(html, {{"campaign", {{"url", url}}}}, tracking)
                .html.starts_with("ERROR line 1, column 10: this link is no http or https address"));
  }
  CHECK(send(html, {{"campaign", {{"url", "https://a.example/" + std::string(8192, 'x')}}}}).html.starts_with("ERROR"));
}

TEST_CASE("links that lead nowhere are warned about and not tracked", "[content]") {
  auto found = find_links(
      R"(<a href="">a</a><a href="http://">b</a><a href="page.html">c</a><a href="https://a b/">d</a><a href="http:/x">e</a><a href="/x">f</a><a href="https://ok.example">g</a>)",
      true);
  CHECK(found.refused.empty());
  CHECK(found.warnings.size() == 6);
  CHECK(found.links.size() == 1);
  CHECK(found.links.front().address == "https://ok.example");
  CHECK(found.warnings[1].code == "broken_link");
  CHECK(found.warnings[1].column == 26);
}

TEST_CASE("a link may not begin in one branch and end in another", "[content]") {
  auto html = R"({% if x %}<a href="https://a.example/{% else %}b{% endif %}">x</a>)";
  auto found = find_links(html, true);
  auto program = parse_liquid(html, {.links = found.spans});
  REQUIRE(program.has_error());
  CHECK(program.error().fault == TemplateFault::link);
}

TEST_CASE("hostile HTML is scanned in linear time", "[content][security]") {
  auto repeated = [](std::string_view text, std::size_t bytes) {
    std::string all;
    while (all.size() < bytes) all += text;
    return all;
  };
  for (auto const* piece : {"<i>", "<a href=x ", "<a href=\"https://a.example/{{ x }}\">", "<!--", "<", "</", "{{ x }}<", "<p a=1 a=2 ",
                            "<script>", "{% if x %}", "<ul><li>", "<blockquote>", "&#", "<a b='"}) {
    INFO(piece);
    auto html = repeated(piece, 500'000);
    auto begin = std::chrono::steady_clock::now();
    auto found = find_links(html, true);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
  }
}
