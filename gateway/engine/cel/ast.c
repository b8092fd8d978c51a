#include "engine/cel/ast.h"

#include "engine/base/mem.h"

void tg_ast_finish(struct tg_ast *ast)
{
    tg_free(ast->nodes);
    tg_free(ast->links);
    tg_buf_finish(&ast->pool);
    *ast = (struct tg_ast){0};
}
