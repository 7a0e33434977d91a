#include "postrider/content/liquid.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <malloc.h>
#include <time.h>

using namespace postrider;
using namespace postrider::content;
namespace json = boost::json;

namespace {

double cpu_milliseconds() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e3 + static_cast<double>(spent.tv_nsec) / 1e6;
}

// The sanitizers slow everything down and keep freed memory: their limits are looser, the typed error is the same.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kInstrumented = true;
#elif defined(__has_feature)
constexpr bool kInstrumented = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kInstrumented = false;
#endif

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

struct Hostile {
  std::string name;
  std::string source;
  std::vector<TemplateFault> faults;  // any of these
  std::map<std::string, std::string, std::less<>> partials = {};
};

std::vector<Hostile> hostile_templates() {
  using enum TemplateFault;
  std::string doubling = "{% assign s = 'x' %}" + repeated("{% assign s = s | append: s %}", 64) + "{{ s }}";
  std::string doubling_in_loop =
      "{% assign s = '0123456789' %}{% for i in (1..64) %}{% assign s = s | append: s %}{% endfor %}{{ s | size }}";
  return {
      {"an endless loop with an empty body", "{% for i in (1..1000000000) %}{% endfor %}", {nodes}},
      {"an endless loop with a body", "{% for i in (1..1000000000) %}x{% endfor %}", {nodes}},
      {"loops inside loops", repeated("{% for i in (1..100000) %}", 20) + "x" + repeated("{% endfor %}", 20), {nodes}},
      {"a loop over the whole of int64", "{% for i in (-9223372036854775807..9223372036854775807) %}{% endfor %}", {nodes}},
      {"a table of a billion", "{% tablerow i in (1..1000000000) cols: 3 %}{{ i }}{% endtablerow %}", {nodes, output}},
      {"ten thousand ifs inside each other", repeated("{% if true %}", 10000) + repeated("{% endif %}", 10000), {nesting}},
      {"brackets without end", "{{ a" + repeated("[a", 50000) + repeated("]", 50000) + " }}", {nesting}},
      {"parentheses without end", "{{ " + repeated("(", 50000) + " }}", {nesting}},
      {"liquid tags inside liquid tags", "{% " + repeated("liquid ", 50000) + "%}", {nesting}},
      {"a partial that renders itself", "{% render 'me' %}", {nesting}, {{"me", "x{% render 'me' %}"}}},
      {"a partial that includes itself twice", "{% include 'me' %}", {nesting}, {{"me", "{% include 'me' %}{% include 'me' %}"}}},
      {"partials that multiply",
       "{% render 'a' %}",
       {nodes},
       {{"a", repeated("{% render 'b' %}", 100)},
        {"b", repeated("{% render 'c' %}", 100)},
        {"c", repeated("{% render 'd' %}", 100)},
        {"d", "d"}}},
      {"a width of ten million", "{{ 'now' | date: '%9999999d' }}", {filter}},
      {"many wide dates",
       "{% for i in (1..100000) %}{{ 'now' | date: '" + repeated("%1000d", 60) + "' }}{% endfor %}",
       {filter, output, nodes, memory}},
      {"append that doubles", doubling, {memory, nodes}},
      {"append that doubles in a loop", doubling_in_loop, {memory, nodes}},
      {"append in a long loop",
       "{% assign s = '' %}{% for i in (1..1000000) %}{% assign s = s | append: '0123456789012345678901234567890123456789' %}{% endfor "
       "%}{{ s }}",
       {memory, nodes, output}},
      {"prepend in a long loop",
       "{% assign s = '' %}{% for i in (1..1000000) %}{% assign s = s | prepend: '0123456789' %}{% endfor %}{{ s }}",
       {memory, nodes, output}},
      {"replace that multiplies",
       "{% assign s = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..20) %}{% assign s = s | replace: 'a', s %}{% endfor %}",
       {memory, nodes}},
      {"replace of nothing that multiplies",
       "{% assign s = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..20) %}{% assign s = s | replace: '', s %}{% endfor %}",
       {memory, nodes}},
      {"split into characters and join",
       "{% assign s = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..30) %}{% assign s = s | split: '' | join: 'aaaaaaaaaaaaaaaa' %}{% endfor %}",
       {memory, nodes}},
      {"an array that doubles",
       "{% assign a = 'a,b,c,d' | split: ',' %}{% for i in (1..40) %}{% assign a = a | concat: a %}{% endfor %}",
       {memory, nodes}},
      {"a range made into an array", "{% assign a = (1..1000000000) | reverse %}", {memory, nodes}},
      {"a range that is joined", "{{ (1..1000000000) | join: 'xxxxxxxxxxxxxxx' }}", {memory, nodes}},
      {"a range that is summed", "{{ (1..100000000) | sum }}", {memory, nodes}},
      {"captures in a long loop",
       "{% for i in (1..1000000) %}{% capture x %}" + repeated("0123456789", 1000) + "{% endcapture %}{% endfor %}",
       {memory, nodes}},
      {"much text in a loop", "{% for i in (1..1000000) %}" + repeated("0123456789", 1000) + "{% endfor %}", {output, nodes}},
      {"much text in ifchanged",
       "{% for i in (1..1000000) %}{% ifchanged %}" + repeated("0123456789", 20000) + "{% endifchanged %}{% endfor %}",
       {nodes, time, output}},
      {"times without end",
       "{% assign n = 2 %}{% for i in (1..1000000) %}{% assign n = n | times: n %}{% endfor %}{{ n }}",
       {nodes, memory}},
      {"strip_html over and over",
       "{% assign s = '" + repeated("<", 20000) + "' %}{% for i in (1..100000) %}{% assign t = s | strip_html %}{% endfor %}",
       {nodes, memory, time}},
      {"sort over and over",
       "{% assign a = (1..20000) | reverse %}{% for i in (1..10000) %}{% assign b = a | sort %}{% endfor %}",
       {nodes, memory, time}},
      {"uniq over and over",
       "{% assign a = (1..20000) | reverse %}{% for i in (1..10000) %}{% assign b = a | uniq %}{% endfor %}",
       {nodes, memory, time}},
      {"comparing large arrays over and over",
       "{% assign a = (1..20000) | reverse %}{% assign b = (1..20000) | reverse %}{% for i in (1..100000) %}{% if a == b %}{% endif %}{% "
       "endfor %}",
       {nodes, time}},
      {"contains over and over",
       "{% assign a = (1..20000) | reverse %}{% for i in (1..100000) %}{% if a contains 'x' %}{% endif %}{% endfor %}",
       {nodes, time}},
      {"a template of ten megabytes", std::string(10 * 1024 * 1024, 'x'), {too_large}},
      {"a literal of ten megabytes", "{{ '" + std::string(10 * 1024 * 1024, 'x') + "' }}", {too_large}},
      {"opening marks without end", "{% raw %}" + repeated("{%", 250000), {syntax}},
      {"outputs without end", repeated("{{ ", 170000), {syntax}},
      {"filters without end", "{{ x " + repeated("| upcase ", 50000) + "}}", {too_large}},
      {"comparisons without end", "{% if a " + repeated("and a ", 50000) + "%}{% endif %}", {too_large}},
  };
}

}  // namespace

TEST_CASE("every hostile template ends in time and memory with a typed error", "[liquid][security]") {
  SystemClock clock;
  json::object context{{"a", {{"b", 1}}}};
  for (auto const& hostile : hostile_templates()) {
    INFO(hostile.name);
    auto before = cpu_milliseconds();
    auto program = parse_liquid(hostile.source, {.partials = &hostile.partials});
    auto text = program ? render_liquid(*program, RenderContext(context), {.clock = clock}) : TemplateResult<std::string>(program.error());
    auto spent = cpu_milliseconds() - before;
    REQUIRE(text.has_error());
    INFO(text.error().describe());
    // On a busy machine the wall clock may run out before the budget that is meant.
    auto fault = text.error().fault;
    CHECK((fault == TemplateFault::time || std::find(hostile.faults.begin(), hostile.faults.end(), fault) != hostile.faults.end()));
    CHECK(spent < (kInstrumented ? 2000 : 200));
  }
}

TEST_CASE("hostile templates stay within 64 MiB of heap", "[liquid][security]") {
  if (kInstrumented) {
    WARN("SKIPPED: the sanitizer's heap tells nothing");
    return;
  }
  SystemClock clock;
  json::object context;
  for (auto const& hostile : hostile_templates()) {
    INFO(hostile.name);
    malloc_trim(0);
    auto settled = mallinfo2();
    std::size_t peak = 0;
    // Looked at whenever the engine asks for the time, and at the end.
    struct WatchingClock : SystemClock {
      std::size_t* peak;
      explicit WatchingClock(std::size_t* p) : peak(p) {}
      std::chrono::steady_clock::time_point steady() const override {
        auto now = mallinfo2();
        *peak = std::max(*peak, now.uordblks + now.hblkhd);
        return SystemClock::steady();
      }
    } watching(&peak);
    auto program = parse_liquid(hostile.source, {.partials = &hostile.partials});
    auto now = mallinfo2();
    peak = std::max(peak, now.uordblks + now.hblkhd);
    if (program) CHECK(render_liquid(*program, RenderContext(context), {.clock = watching}).has_error());
    auto used = peak > settled.uordblks + settled.hblkhd ? peak - settled.uordblks - settled.hblkhd : 0;
    CHECK(used < 64 * 1024 * 1024);
  }
}

TEST_CASE("each budget can be set and has its own fault", "[liquid]") {
  FixedClock clock(*parse_instant("2026-03-05T07:08:09Z"));
  json::object nothing;
  auto fault = [&](std::string_view source, RenderBudgets budgets) {
    auto text = render_liquid(parse_liquid(source).value(), RenderContext(nothing), {.clock = clock, .budgets = budgets});
    return text ? std::string("none") : std::string(name(text.error().fault));
  };
  CHECK(fault("{% for i in (1..10) %}x{% endfor %}", {.nodes = 10}) == "nodes");
  CHECK(fault("{% for i in (1..10) %}x{% endfor %}", {.nodes = 30}) == "none");
  CHECK(fault("0123456789", {.output_bytes = 9}) == "output");
  CHECK(fault("0123456789", {.output_bytes = 10}) == "none");
  CHECK(fault("{% assign x = '0123456789' | append: 'abc' %}{% for i in (1..20) %}{% assign x = x | append: x %}{% endfor %}",
              {.memory_bytes = 100'000}) == "memory");

  struct Ticking : FixedClock {
    using FixedClock::FixedClock;
    mutable int asked = 0;
    std::chrono::steady_clock::time_point steady() const override {
      return std::chrono::steady_clock::time_point(std::chrono::milliseconds(++asked));
    }
  } ticking(*parse_instant("2026-03-05T07:08:09Z"));
  auto slow = render_liquid(parse_liquid("{% for i in (1..90000) %}{% endfor %}").value(), RenderContext(nothing),
                            {.clock = ticking, .budgets = {.time = std::chrono::milliseconds(5)}});
  REQUIRE(slow.has_error());
  CHECK(slow.error().fault == TemplateFault::time);
}

TEST_CASE("a template sees nothing but its context", "[liquid][security]") {
  SystemClock clock;
  json::object context{{"contact", {{"first_name", "Jane"}}}};
  for (auto const* source : {"{{ contact.__proto__ }}", "{{ contact.constructor }}", "{{ env.PATH }}", "{{ __links }}", "{{ self }}",
                             "{{ contact.first_name.class }}", "{{ 'x'.methods }}"}) {
    INFO(source);
    auto program = parse_liquid(source);
    if (!program) continue;
    auto lenient = render_liquid(*program, RenderContext(context), {.clock = clock});
    REQUIRE(lenient.has_value());
    CHECK(lenient->empty());
  }
  CHECK(parse_liquid("{% include '/etc/passwd' %}").has_error());
  CHECK(parse_liquid("{% render '../secret' %}").has_error());
}
