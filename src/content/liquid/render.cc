#include "content/address.h"
#include "content/escape.h"
#include "content/liquid/machine.h"

namespace postrider::content {

Machine::Machine(Program::Image const& image, RenderContext const& context, RenderOptions const& options)
    : Runtime(options), image_(image), context_(context) {}

TemplateResult<std::string> render_liquid(Program const& program, RenderContext const& context, RenderOptions const& options) {
  return Machine(program.image(), context, options).run();
}

TemplateResult<std::string> Machine::run() {
  out_.reserve(std::min(image_.text_bytes + image_.text_bytes / 4 + 256, options_.budgets.output_bytes + 1));
  roots_ = arena_.make<Value>(image_.symbols.size());
  if (new_locals() && roots_) {
    for (std::size_t i = 0; i < image_.symbols.size(); ++i) roots_[i].kind = Kind::unset;
    while (!halted_) {
      step();
      if (failed() && !recover()) break;
    }
  }
  if (arena_.exhausted() && !fault_) {
    fail(TemplateFault::memory, "the values of the template need more than " + std::to_string(options_.budgets.memory_bytes) + " bytes");
  }
  if (fault_) return image_.error(*fault_, std::move(message_), here_);
  return std::move(out_);
}

void Machine::step() {
  running_ = pc_++;
  auto const& in = image_.code[running_];
  here_ = in.at;
  if (!charge(1)) return;
  switch (in.op) {
    case Op::nop: return;
    case Op::text: return write_text(image_.texts[in.a]);
    case Op::output_path: return write(evaluate_known(in.a));
    case Op::output: return write(evaluate_chain(image_.chains[in.a]));
    case Op::jump: pc_ = in.a; return;
    case Op::branch:
      if (test(image_.conditions[in.a]) == in.flag) pc_ = in.b;
      return;
    case Op::assign: {
      auto value = evaluate_chain(image_.chains[in.a]);
      if (!failed()) assigned(in.b) = value;
      return;
    }
    case Op::capture: frames_.push_back({.is = Frame::Is::capture, .a = in.b, .out_begin = out_.size()}); return;
    case Op::if_changed: frames_.push_back({.is = Frame::Is::changed, .out_begin = out_.size()}); return;
    case Op::link:
      frames_.push_back({.is = Frame::Is::link, .matched = in.flag, .a = in.a, .resume = in.at, .out_begin = out_.size()});
      return;
    case Op::end_capture: end_capture(frames_.back()); break;
    case Op::end_if_changed: end_changed(frames_.back()); break;
    case Op::end_link: end_link(frames_.back()); break;
    case Op::for_begin: return begin_loop(in, false);
    case Op::for_next: return next_of_loop(in);
    case Op::table_begin: return begin_loop(in, true);
    case Op::table_next: return next_of_table(in);
    case Op::break_loop: return interrupt(true);
    case Op::continue_loop: return interrupt(false);
    case Op::case_begin: {
      auto subject = evaluate(in.a);
      if (!failed()) frames_.push_back({.is = Frame::Is::choice, .subject = subject});
      return;
    }
    case Op::case_when: {
      auto& choice = frames_.back();
      std::uint32_t matches = 0;
      for (std::uint32_t i = 0; i < in.n; ++i) matches += equal(choice.subject, evaluate(image_.lists[in.a + i]));
      if (matches == 0) {
        pc_ = in.b;
      } else {
        choice.matched = true;
        choice.repeats = matches - 1;
      }
      return;
    }
    case Op::case_again:
      if (frames_.back().repeats > 0) {
        --frames_.back().repeats;
        pc_ = in.a;
      }
      return;
    case Op::case_else:
      if (frames_.back().matched) pc_ = in.b;
      return;
    case Op::case_end: break;
    case Op::cycle: return cycle(image_.cycles[in.a]);
    case Op::increment:
    case Op::decrement: return count(in);
    case Op::call: return call(in);
    case Op::ret: return end_iteration();
    case Op::fixed_link: return write_link(in.a, in.flag, image_.texts[in.b]);
    case Op::pixel:
      if (options_.links) options_.links->open_pixel(out_);
      return;
    case Op::abort: {
      auto reason = in.a == none ? std::string_view{} : text(evaluate_known(in.a));
      if (!failed()) fail(TemplateFault::aborted, reason.empty() ? "the template asked to skip this message" : std::string(reason));
      return;
    }
    case Op::halt: halted_ = true; return;
  }
  frames_.pop_back();
}

void Machine::write_text(std::string_view text) {
  if (text.size() > 4096 && !charge(text.size() / 1024)) return;
  out_ += text;
  if (out_.size() > options_.budgets.output_bytes)
    fail(TemplateFault::output, "the text is longer than " + std::to_string(options_.budgets.output_bytes) + " bytes");
}

void Machine::write(Value const& value) {
  switch (value.kind) {
    case Kind::unset:
    case Kind::nil:
    case Kind::empty:
    case Kind::blank: return;
    case Kind::integer:
    case Kind::real:
    case Kind::boolean: append_text(out_, value); break;
    default: {
      std::string_view text;
      if (value.kind == Kind::string) {
        text = value.str();
      } else {
        scratch_.clear();
        append_text(scratch_, value);
        text = scratch_;
      }
      if (text.size() > 4096 && !charge_bytes(text.size())) return;
      if (options_.auto_escape && !(value.flags & Value::safe_html)) {
        append_escaped_html(out_, text);
      } else {
        out_ += text;
      }
    }
  }
  if (out_.size() > options_.budgets.output_bytes)
    fail(TemplateFault::output, "the text is longer than " + std::to_string(options_.budgets.output_bytes) + " bytes");
}

// Ruby's way: the message stands in the text, and the render goes on behind the tag or block it came from.
bool Machine::recover() {
  if (!options_.errors_inline || arena_.exhausted() || halted_) return false;
  if (*fault_ != TemplateFault::filter && *fault_ != TemplateFault::unknown_partial) return false;
  fault_.reset();
  write_text("Liquid error: " + message_);
  auto const& in = image_.code[running_];
  switch (in.op) {
    case Op::branch: pc_ = image_.conditions[in.a].end; break;
    case Op::for_begin:
    case Op::table_begin: pc_ = image_.loops[in.a].end; break;
    case Op::case_begin:
    case Op::case_when: pc_ = in.b; break;
    default: pc_ = running_ + 1; break;
  }
  return !fault_;
}

void Machine::end_capture(Frame const& frame) {
  auto value = Value::of(arena_.copy(std::string_view(out_).substr(frame.out_begin)));
  out_.resize(frame.out_begin);
  assigned(frame.a) = options_.auto_escape ? value.safe() : value;
}

void Machine::end_changed(Frame const& frame) {
  auto fresh = std::string_view(out_).substr(frame.out_begin);
  if (fresh == last_changed_) {
    out_.resize(frame.out_begin);
  } else {
    last_changed_ = fresh;
  }
}

void Machine::end_link(Frame const& frame) {
  auto written = std::string_view(out_).substr(frame.out_begin);
  auto address = checked_address(options_.auto_escape ? unescaped_html(written) : std::string(written));
  out_.resize(frame.out_begin);
  if (!address) {
    here_ = frame.resume;
    fail(TemplateFault::link, "this link is no http or https address: " + address.error());
  } else {
    write_link(frame.a, frame.matched, *address);
  }
}

// The first occurrence of a link in a message has the link's number; further ones (in loops) are numbered behind all links.
void Machine::write_link(std::uint32_t index, bool tracked, std::string_view address) {
  if (!options_.links || !tracked) {
    append_escaped_html(out_, address);
    return;
  }
  if (links_seen_.empty()) links_seen_.resize(image_.tracked_links);
  auto number = links_seen_[index] ? image_.tracked_links + further_links_++ : index;
  links_seen_[index] = true;
  options_.links->link(number, address, out_);
}

void Machine::cycle(Cycle const& cycle) {
  std::string key;
  if (cycle.group == none) {
    key = "list " + std::string(cycle.written);
  } else {
    auto group = evaluate_known(cycle.group);
    key = std::to_string(static_cast<int>(group.kind)) + " ";
    append_text(key, group);
  }
  auto known = cycles_.begin();
  while (known != cycles_.end() && known->first != key) ++known;
  if (known == cycles_.end()) known = cycles_.insert(cycles_.end(), {std::move(key), 0});
  auto turn = known->second;
  known->second = turn + 1 >= cycle.count ? 0 : turn + 1;
  if (turn < cycle.count) write(evaluate_known(image_.lists[cycle.first + turn]));
}

void Machine::count(Instruction const& in) {
  if (!locals_.counters) {
    locals_.counters = arena_.make<Value>(image_.locals);
    if (!locals_.counters) return;
  }
  auto& counter = locals_.counters[image_.symbols[in.b].local];
  if (counter.kind != Kind::integer) counter = Value::of(std::int64_t{0});
  if (in.op == Op::increment) {
    write(counter);
    ++counter.integer;
  } else {
    --counter.integer;
    write(counter);
  }
}

}  // namespace postrider::content
