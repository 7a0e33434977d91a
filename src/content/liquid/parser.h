// Turns template source into a Program::Image, in one pass and without recursion over blocks.
// The first error wins and ends the parse.
#pragma once

#include "content/liquid/lexer.h"
#include "content/liquid/program.h"

#include <optional>
#include <set>

namespace postrider::content {

class Parser {
 public:
  Parser(Program::Image& image, ParseOptions const& options);
  // The template, then every partial it can reach.
  std::optional<TemplateError> run(std::string_view source);

 private:
  enum class BlockKind : std::uint8_t { if_block, unless_block, case_block, for_block, table_block, capture_block, changed_block };

  struct Block {
    BlockKind kind;
    std::uint32_t at = 0;
    std::uint32_t branch = 0;  // tells the branches of all blocks apart
    bool blank = true;         // Ruby: a block that can print only white space prints nothing
    bool seen_else = false;
    bool in_branch = false;        // case: behind the first `when`
    std::uint32_t pending = none;  // instruction whose `b` is the next branch
    std::uint32_t body = none;     // case: first instruction of the running `when`
    std::uint32_t loop = none;
    std::size_t bound = 0;  // how many names were bound outside
    std::vector<std::uint32_t> blank_texts = {};
    std::vector<std::uint32_t> to_end = {};  // jumps to behind the block
    std::vector<std::uint32_t> conditions = {};
  };

  struct Point {  // where tracking puts something into the text
    std::size_t at = 0;
    Op op = Op::nop;
    std::uint32_t index = 0;
    bool tracked = true;
    std::size_t resume = 0;  // fixed links: text up to here is replaced
    std::string_view address = {};
  };

  struct OpenLink {
    std::size_t depth;
    std::uint32_t branch;
    std::uint32_t at;
  };

  // parse_template.cc: text, tokens, blocks
  bool source_text();
  bool tag(std::string_view name, std::string_view markup);
  bool line_tags(std::string_view lines);
  void text(std::size_t begin, std::size_t end, std::size_t kept_begin, std::size_t kept_end);
  void text_piece(std::size_t begin, std::size_t end);
  bool points_until(std::size_t at);
  bool point(Point const& point);
  bool open_block(BlockKind kind, std::string_view markup);
  Block* current(BlockKind kind);
  void close_block();
  void prints();
  std::uint32_t branch_of(std::size_t depth) const { return depth == 0 ? 0 : blocks_[depth - 1].branch; }

  // parse_tags.cc
  bool tag_if(std::string_view markup, bool negated);
  bool tag_elsif(std::string_view markup);
  bool tag_else();
  bool tag_end(std::string_view what, std::string_view markup);
  bool tag_case(std::string_view markup);
  bool tag_when(std::string_view markup);
  bool end_when();
  bool tag_for(std::string_view markup, bool table);
  bool end_for(Block& block);
  bool tag_assign(std::string_view markup);
  bool tag_capture(std::string_view markup);
  bool tag_cycle(std::string_view markup);
  bool tag_counter(std::string_view markup, Op op);
  bool tag_abort(std::string_view markup);
  bool tag_echo(std::string_view markup);
  bool tag_jump(std::string_view name, std::string_view markup);

  // parse_partials.cc
  bool tag_render(std::string_view markup);
  bool tag_include(std::string_view markup);
  bool call_arguments(MarkupLexer& lexer, PartialCall& call);
  std::uint32_t partial(std::string_view name);
  bool parse_pending_partials();

  // parse_expression.cc
  std::uint32_t chain(std::string_view markup);
  bool filter_call(MarkupLexer& lexer, Chain& chain);
  bool filter_arguments(MarkupLexer& lexer, FilterCall& call);
  std::uint32_t expression(MarkupLexer& lexer);
  std::uint32_t path(MarkupLexer& lexer, Token const& head);
  bool path_steps(MarkupLexer& lexer, std::vector<Step>& steps);
  std::uint32_t literal(Value value, std::string_view written);
  std::uint32_t number(std::string_view written);
  std::uint32_t condition(std::string_view markup);
  bool comparison(MarkupLexer& lexer, Comparison& out);
  void found(Expression const& path, std::vector<Step> const& steps);
  bool at_end(MarkupLexer& lexer, std::string_view inside);

  std::uint32_t symbol(std::string_view name);
  std::uint32_t local(std::string_view name);  // a symbol that the program assigns or binds
  bool made_here(std::uint32_t symbol) const;
  std::uint32_t emit(Instruction instruction);
  std::uint32_t here() const { return static_cast<std::uint32_t>(image_.code.size()); }
  std::uint32_t at(std::string_view inside) const { return base_ + static_cast<std::uint32_t>(inside.data() - source_.data()); }
  bool fail(TemplateFault fault, std::string message, std::uint32_t at);
  bool fail(std::string message, std::string_view inside) { return fail(TemplateFault::syntax, std::move(message), at(inside)); }
  bool lax() const { return options_.mode == ParseMode::lax; }

  Program::Image& image_;
  ParseOptions const& options_;
  std::optional<TemplateError> error_;
  std::string_view source_;
  std::uint32_t base_ = 0;
  std::uint32_t tag_at_ = 0;  // of the tag being parsed: position of what it emits
  std::vector<Block> blocks_;
  std::size_t floor_ = 0;  // blocks below belong to outside of a {% liquid %} tag
  unsigned line_tag_depth_ = 0;
  unsigned expression_depth_ = 0;
  std::uint32_t branches_ = 0;
  std::vector<std::uint32_t> bound_;  // symbols of running loops
  std::set<std::uint32_t> assigned_;
  std::vector<Point> points_;
  std::size_t next_point_ = 0;
  std::optional<OpenLink> open_link_;
  std::vector<std::pair<std::uint32_t, std::string>> pending_partials_;
  std::unordered_map<std::string_view, std::uint32_t> loop_memory_;
};

}  // namespace postrider::content
