// A markdown file with YAML between two lines "---" at its top, taken apart.
#pragma once

#include <QString>
#include <optional>
#include <string>

#include "manifest/problems.h"

namespace botbottle {

struct Frontmatter {
    std::string yaml;
    int yaml_line = 2;  // the file's number of the first line of `yaml`
    QString body;       // stripped
};

// `text` is the whole file. Refuses what is not UTF-8, a file without frontmatter and one whose
// frontmatter does not end. A byte order mark and CRLF are read as if they were not there.
std::optional<Frontmatter> split_frontmatter(const std::string& text, Problems& problems);

// For files that are YAML as a whole.
bool check_utf8(const std::string& text, Problems& problems);

}  // namespace botbottle
