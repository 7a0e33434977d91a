#include "content/liquid/machine.h"

namespace postrider::content {

bool Machine::new_locals() {
  locals_.bound = arena_.make<Value>(image_.locals);
  locals_.assigned = arena_.make<Value>(image_.locals);
  locals_.counters = nullptr;
  if (!locals_.bound || !locals_.assigned) return false;
  for (std::uint32_t i = 0; i < image_.locals; ++i) locals_.bound[i].kind = locals_.assigned[i].kind = Kind::unset;
  return true;
}

void Machine::call(Instruction const& in) {
  auto const& call = image_.calls[in.a];
  if (call.include && locals_.isolated) {
    fail("include usage is not allowed in this context");
    return;
  }
  auto partial = call.partial;
  std::string_view name = call.written;
  if (call.name != none) {
    auto named = evaluate_known(call.name);
    if (failed()) return;
    name = text(named);
    auto known = image_.partial_of.find(name);
    if (named.kind == Kind::string && known != image_.partial_of.end()) partial = known->second;
  }
  if (partial == none) {
    fail(TemplateFault::unknown_partial, "No such template '" + std::string(name) + "'");
    return;
  }
  if (depth_ >= options_.budgets.partial_depth) {
    fail(TemplateFault::nesting, "partials nested deeper than " + std::to_string(options_.budgets.partial_depth));
    return;
  }
  auto own = image_.partials[partial].symbol;
  Frame frame{.is = Frame::Is::call, .a = in.a, .resume = pc_, .saved_locals = locals_};
  auto item = call.with != none ? evaluate_known(call.with) : call.include ? lookup(own) : Value{};
  auto* arguments = arena_.make<Value>(call.count + 1);
  if (!arguments) return;
  for (std::uint32_t i = 0; i < call.count; ++i) arguments[i] = evaluate_known(image_.arguments[call.first + i].expression);
  if (failed()) return;
  frame.subject = item;
  frame.count = 1;
  bool each = item.is_array() || (!call.include && call.loops && item.kind == Kind::range);
  if (each && (call.include || call.loops)) {
    frame.count = item.kind == Kind::range ? static_cast<std::uint64_t>(std::max<std::int64_t>(0, item.range->high - item.range->low + 1))
                                           : length(item);
    if (frame.count == 0) return;
    if (!call.include) {
      frame.loop = new_loop();
      if (!frame.loop) return;
      frame.loop->collection = item;
      frame.loop->count = frame.count;
      frame.loop->name = image_.partials[partial].name;
    }
  } else {
    each = false;
  }
  frame.repeats = partial;
  frame.matched = each;
  frame.saved_arguments = arguments;
  if (call.include) {
    // Arguments shadow what is there until the partial ends: the places are swapped with the values.
    auto alias = call.alias != none ? call.alias : own;
    frame.saved_item = bound(alias);
    for (std::uint32_t i = 0; i < call.count; ++i) std::swap(bound(image_.arguments[call.first + i].symbol), arguments[i]);
  }
  ++depth_;
  frames_.push_back(frame);
  begin_iteration(frames_.back());
}

// Enters the partial once more. `render` starts each time from nothing but its arguments.
bool Machine::begin_iteration(Frame& frame) {
  auto const& call = image_.calls[frame.a];
  auto const& partial = image_.partials[frame.repeats];
  if (!call.include) {
    if (!new_locals()) return false;
    locals_.isolated = true;
    locals_.sees_roots = options_.partials_see_roots;
    for (std::uint32_t i = 0; i < call.count; ++i) assigned(image_.arguments[call.first + i].symbol) = frame.saved_arguments[i];
    if (frame.loop) {
      frame.loop->index = frame.index;
      bound(image_.forloop) = Value::of_kind(Kind::loop);
      bound(image_.forloop).loop = frame.loop;
    }
  }
  // What `render` gives its partial can be assigned anew in there; what `include` gives shadows assignments.
  auto alias = call.alias != none ? call.alias : partial.symbol;
  auto& place = call.include ? bound(alias) : assigned(alias);
  if (frame.matched) {
    place = frame.loop ? item(*frame.loop) : element(frame.subject, frame.index);
  } else if (call.with != none || (call.include && !frame.subject.is_nil())) {
    place = frame.subject;
    place.flags &= static_cast<std::uint8_t>(~Value::undefined);
  }
  pc_ = partial.entry;
  return true;
}

void Machine::end_iteration() {
  auto& frame = frames_.back();
  if (++frame.index < frame.count) {
    begin_iteration(frame);
  } else {
    leave_call();
  }
}

void Machine::leave_call() {
  auto frame = frames_.back();
  frames_.pop_back();
  --depth_;
  auto const& call = image_.calls[frame.a];
  pc_ = frame.resume;
  if (!call.include) {
    locals_ = frame.saved_locals;
    return;
  }
  auto alias = call.alias != none ? call.alias : image_.partials[frame.repeats].symbol;
  for (auto i = call.count; i-- > 0;) std::swap(bound(image_.arguments[call.first + i].symbol), frame.saved_arguments[i]);
  bound(alias) = frame.saved_item;
}

}  // namespace postrider::content
