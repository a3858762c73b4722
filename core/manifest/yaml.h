// A strict reading of one YAML document into a tree with line numbers.
//
// Refused: duplicate keys, anchors, aliases, tags, a second document, keys that are not plain
// words, more than 32 levels. Scalars follow YAML 1.2's core schema, in which yes, no, on and off
// are strings; a quoted scalar is always a string, and a number with a leading zero is one too,
// because YAML 1.1 and 1.2 disagree on it.
#pragma once

#include <QString>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "manifest/problems.h"

namespace botbottle::yaml {

struct Member;

struct Value {
    enum class Kind { Null, Bool, Integer, Float, String, Sequence, Mapping };
    Kind kind = Kind::Null;
    int line = 0;
    QString text;                 // scalars, as written
    std::vector<Value> items;     // Sequence
    std::vector<Member> members;  // Mapping, in order

    const Value* find(const QString& key) const;
};

struct Member {
    QString key;
    int line = 0;
    Value value;
};

// `text` must be UTF-8; its first line is number `first_line` of the file. nullopt when something
// was added to `problems`. An empty text is a Null node.
std::optional<Value> parse(const std::string& text, int first_line, Problems& problems);

// "the number 12", "a list", …: what an error says was found.
QString describe(const Value& node);

}  // namespace botbottle::yaml
