// Runs a program once. Blocks that need to know their end (loops, captures, partials, links) live on one stack of frames;
// `break` and errors unwind it.
#pragma once

#include "content/liquid/loop_state.h"
#include "content/liquid/program.h"
#include "content/liquid/runtime.h"

#include <utility>
#include <vector>

namespace postrider::content {

class Machine : public Runtime {
 public:
  Machine(Program::Image const& image, RenderContext const& context, RenderOptions const& options);
  TemplateResult<std::string> run();

 private:
  // Names the program gives values to. `bound` (loop variables, arguments) shadows `assigned`.
  struct Locals {
    Value* bound = nullptr;
    Value* assigned = nullptr;
    Value* counters = nullptr;  // made by the first increment or decrement
    bool sees_roots = true;
    bool isolated = false;  // inside `render`: include is forbidden, break does not get out
  };

  struct Frame {
    enum class Is : std::uint8_t { loop, table, capture, changed, link, choice, call };
    Is is;
    bool matched = false;       // choice
    std::uint32_t a = 0;        // loop, symbol, call, link
    std::uint32_t resume = 0;   // call: where it returns to; link: its position
    std::uint32_t repeats = 0;  // choice: how often the running branch runs again
    std::size_t out_begin = 0;  // capture, changed, link
    LoopState* loop = nullptr;  // loop, table, call of `render ... for`
    Value subject = {};         // choice; call: what it iterates over
    Value saved_item = {};
    Value saved_loop = {};
    std::uint64_t index = 0;  // call: iteration
    std::uint64_t count = 0;
    Locals saved_locals = {};
    Value* saved_arguments = nullptr;
  };

  // render.cc
  void step();
  void write(Value const& value);
  void write_text(std::string_view text);
  bool recover();
  void end_capture(Frame const& frame);
  void end_changed(Frame const& frame);
  void end_link(Frame const& frame);
  void write_link(std::uint32_t index, bool tracked, std::string_view address);
  void cycle(Cycle const& cycle);
  void count(Instruction const& in);

  // evaluate.cc
  Value evaluate(std::uint32_t expression);
  Value evaluate_known(std::uint32_t expression);  // fails on unknown variables when strict
  Value lookup(std::uint32_t symbol);
  Value root(std::uint32_t symbol);
  Value computed_root(Value const& name);
  Value follow(Value const& from, Step const& step);
  Value at_index(Value const& from, std::int64_t index);
  Value at_name(Value const& from, std::string_view name, bool dotted);
  Value range(Expression const& expression);
  Value evaluate_chain(Chain const& chain);
  bool test(Condition const& condition);
  bool test(Comparison const& comparison);
  bool contains(Value const& left, Value const& right);
  bool ordered(Value const& left, Value const& right, Operator op);
  Value fail_unknown(Expression const& expression);

  // loops.cc
  void begin_loop(Instruction const& in, bool table);
  void next_of_loop(Instruction const& in);
  void next_of_table(Instruction const& in);
  void end_loop(Frame& frame);
  void interrupt(bool leave);
  Value item(LoopState const& loop);
  void bind_item(Loop const& loop, LoopState* state);
  LoopState* new_loop();

  // calls.cc
  void call(Instruction const& in);
  bool begin_iteration(Frame& frame);
  void end_iteration();
  void leave_call();
  bool new_locals();

  Value& bound(std::uint32_t symbol) { return locals_.bound[image_.symbols[symbol].local]; }

  Value& assigned(std::uint32_t symbol) { return locals_.assigned[image_.symbols[symbol].local]; }

  Program::Image const& image_;
  RenderContext const& context_;
  std::string out_;
  std::uint32_t pc_ = 0;
  std::uint32_t running_ = 0;  // the instruction being run
  std::uint32_t here_ = 0;     // position an error would be reported at
  bool halted_ = false;
  Locals locals_;
  Value* roots_ = nullptr;  // by symbol; unset until looked up
  std::vector<Frame> frames_;
  unsigned depth_ = 0;
  LoopState* free_loops_ = nullptr;
  std::vector<std::int64_t> loop_memory_;
  std::vector<std::pair<std::string, std::uint32_t>> cycles_;
  std::string last_changed_;
  std::vector<bool> links_seen_;
  std::uint32_t further_links_ = 0;
};

}  // namespace postrider::content
